"""Use what the service counted of everybody to narrow what those who did not answer may have said."""

from increase_eval.attrition.anchored.bridge import Bridge, bridge_from_linked
from increase_eval.attrition.anchored.contrast import AnchoredContrast
from increase_eval.attrition.anchored.dial import DialRange, dial_range
from increase_eval.attrition.anchored.estimate import anchored_nonresponse
from increase_eval.attrition.anchored.result import AnchoredNonresponse
from increase_eval.attrition.anchored.twin import AnchoredTwin, anchored_twin

__all__ = [
    "AnchoredContrast",
    "AnchoredNonresponse",
    "AnchoredTwin",
    "Bridge",
    "DialRange",
    "anchored_nonresponse",
    "anchored_twin",
    "bridge_from_linked",
    "dial_range",
]
