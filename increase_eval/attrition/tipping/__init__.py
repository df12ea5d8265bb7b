"""How far from missing at random a conclusion holds."""

from increase_eval.attrition.tipping.conclusion import Conclusion
from increase_eval.attrition.tipping.tipping import TippingPoint, tipping_point

__all__ = ["Conclusion", "TippingPoint", "tipping_point"]
