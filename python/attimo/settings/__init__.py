"""Every setting: declared once, read once from flags, environment and attimo.toml."""

from attimo.settings.declared import Settings as Settings
from attimo.settings.declared import Shown as Shown
from attimo.settings.listeners import Listener as Listener
from attimo.settings.merge import load as load
from attimo.settings.node import NodeSettings as NodeSettings
