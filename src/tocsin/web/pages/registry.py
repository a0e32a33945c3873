"""Every screen."""

from tocsin.web.pages import overview
from tocsin.web.pages.room import screen as room
from tocsin.web.screens import Screen

SCREENS: tuple[Screen, ...] = (overview.SCREEN, room.SCREEN)
