"""F5 and F6, the two reports of SPIGA that the audit reads."""

from crm_audit.feeds.traffic import TrafficFeed
from crm_audit.feeds.visits import VisitsFeed

__all__ = ["TrafficFeed", "VisitsFeed"]
