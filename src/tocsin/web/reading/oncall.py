"""Who is on call, as screens need it."""

from tocsin.oncall.queries import Duty, duties, duties_of, gaps_between

shifts_of = duties_of

__all__ = ["Duty", "duties", "duties_of", "gaps_between", "shifts_of"]
