"""The plugin as a whole: alone and beside others, its manifest, its settings, taken away and brought back."""

import crmkit_repeat_purchase
from crmkit.testing import PluginContract


class TestPlugin(PluginContract):
    plugin = crmkit_repeat_purchase.plugin
