"""The plugin as a whole: alone and beside others, its manifest, its settings, taken away and brought back."""

import crmkit_smtp
from crmkit.testing import PluginContract


class TestPlugin(PluginContract):
    plugin = crmkit_smtp.plugin
