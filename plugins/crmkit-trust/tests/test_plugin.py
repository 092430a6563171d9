"""The plugin as a whole: alone and beside others, its manifest, its settings, taken away and brought back."""

from crmkit.testing import PluginContract

import crmkit_trust


class TestPlugin(PluginContract):
    plugin = crmkit_trust.plugin
