# SPDX-License-Identifier: MIT
"""`replay --follow --cutover` from a source that Sentinels watch: the pause of the writes has another server take over."""
from lib.failovers import Watched
from lib.kinds import needs_version
from lib.live_targets import wait_until
from lib.replaying import UNAVAILABLE, WithTarget, url_of

WARNING = "Sentinels watch"


@needs_version(redis=(7, 0))
class WithSentinels(WithTarget):
    def setUp(self):
        super().setUp()
        self.watched = Watched(self.fresh())
        self.addCleanup(self.watched.stop)
        self.primary = self.watched.primary()
        self.primary.call("SET", "a", 1)

    def cut_over(self, source):
        return self.begin(source, self.url, "--follow", "--cutover", "60s")

    def test_in_time(self):
        for source in (url_of(self.primary), self.watched.url):
            with self.subcase(source=source):
                self.finish(self.cut_over(source))
                self.primary.call("CLIENT", "UNPAUSE")
                self.assertIn("switch now", self.said)
                self.assertEqual(WARNING in self.said, source != self.watched.url, self.said)

    def test_too_long(self):
        """Whoever asks the Sentinels for the primary writes to another server, of which this one does not know."""
        running = self.cut_over(url_of(self.primary))
        self.begun(running, lambda: "are paused for" in running.said())
        with self.target.halted():
            wait_until(lambda: self.watched.primary() is not self.primary)
        self.finish(running, UNAVAILABLE)
        self.assertIn("a replica has left the source", self.said)
        self.assertNotIn("switch now", self.said)
