"""What a study is: the models that a folder of ``data_contracts/`` is read into."""

from increase_eval.study.base import Text
from increase_eval.study.instruments import Norm, RecodeWhen, Scale, SmallestEffect
from increase_eval.study.lookup import find_studies
from increase_eval.study.reading import load_study
from increase_eval.study.study import Study

__all__ = ["Norm", "RecodeWhen", "Scale", "SmallestEffect", "Study", "Text", "find_studies", "load_study"]
