"""Who answers for a customer: the order's advisor, or who directs the site and brand (GSC-PRO-03 §3-4)."""

from django.db.models import Q, QuerySet

from callcenter.models import Brand, Employee, Site, User
from callcenter.roles import Role
from satisfaction.enums import Area, Level

HOLDERS = {
    (Area.AFTERSALES, Level.DIRECTOR): Role.AFTERSALES_DIRECTOR,
    (Area.AFTERSALES, Level.MANAGER): Role.AFTERSALES_MANAGER,
    (Area.SALES, Level.DIRECTOR): Role.SALES_MANAGER,
    (Area.SALES, Level.MANAGER): Role.SALES_MANAGER,
}
ASSIGNABLE = {
    Area.AFTERSALES: (Role.SERVICE_ADVISOR, Role.AFTERSALES_DIRECTOR, Role.AFTERSALES_MANAGER),
    Area.SALES: (Role.SALES_ADVISOR, Role.SALES_MANAGER),
}


def in_scope(rows: QuerySet[User], site: Site | int, brand: Brand | int) -> QuerySet[User]:
    """Active users whose scope holds the site and the brand; who has the narrower scope first."""
    rows = rows.filter(Q(all_sites=True) | Q(sites=site), Q(all_brands=True) | Q(brands=brand), is_active=True)
    return rows.order_by("all_brands", "all_sites", "pk").distinct()


def holders(area: Area, level: Level, site: Site | int, brand: Brand | int) -> list[User]:
    """Who holds a level for a site and brand; nobody holds ADVISOR by scope: it is the order's own."""
    role = HOLDERS.get((Area(area), Level(level)))
    return list(in_scope(User.objects.filter(groups__name=role), site, brand)) if role else []


def owner_for(area: Area, level: Level, site: Site, brand: Brand, advisor: Employee | None) -> tuple[User | None, Level]:
    """The person who answers and the level they hold: an advisor without login passes to the director, and so upwards.

    Nor does a case stay with an advisor whose login does not see its site and brand: they could not open it.
    """
    if level == Level.ADVISOR:
        login = advisor.user_id if advisor and advisor.is_active else None
        if user := in_scope(User.objects.filter(pk=login), site, brand).first():
            return user, Level.ADVISOR
        level = Level.DIRECTOR
    for step in (Level.DIRECTOR, Level.MANAGER)[level == Level.MANAGER :]:
        if found := holders(area, step, site, brand):
            return found[0], step
    return None, level


def assignable(area: Area, site: Site | int, brand: Brand | int) -> QuerySet[User]:
    """To whom a case of a site and brand may be given."""
    return in_scope(User.objects.filter(groups__name__in=ASSIGNABLE[Area(area)]), site, brand)
