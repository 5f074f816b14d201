"""The HTTP side of WHIP and WHEP for the programs here, and how they tell what they heard."""
import ssl
import urllib.error
import urllib.parse
import urllib.request

WANTED = {"audio": 50, "video": 15}


class Session:
    """One session: made by post(), which returns the answer."""

    def __init__(self, url, token):
        self.url, self.token, self.etag = url, token, ""
        self.trusting = ssl.create_default_context()
        self.trusting.check_hostname = False
        self.trusting.verify_mode = ssl.CERT_NONE

    def ask(self, method, body=None, **headers):
        headers = {"Authorization": "Bearer " + self.token, **{k.replace("_", "-"): v for k, v in headers.items()}}
        request = urllib.request.Request(self.url, data=body and body.encode(), method=method, headers=headers)
        return urllib.request.urlopen(request, timeout=30, context=self.trusting)

    def post(self, sdp):
        answer = self.ask("POST", sdp, Content_Type="application/sdp")
        assert answer.status == 201, answer.status
        self.url = urllib.parse.urljoin(self.url, answer.headers["Location"])
        self.etag = answer.headers["ETag"]
        return answer.read().decode()

    def trickle(self, fragment):
        """The candidates of a description, as a fragment (RFC 8840)."""
        return self.ask("PATCH", fragment, Content_Type="application/trickle-ice-sdpfrag", If_Match=self.etag).status

    def end(self):
        return self.ask("DELETE").status


def fragment(sdp, candidates):
    """Of the first line of the description, with these candidates."""
    lines = sdp.splitlines()
    pick = [next(x for x in lines if x.startswith(kind)) for kind in ("a=ice-ufrag:", "a=ice-pwd:", "m=", "a=mid:")]
    return "\r\n".join(pick + ["a=" + c for c in candidates] + ["a=end-of-candidates", ""])


class Tone:
    """How high a tone is: by how often it goes through zero."""

    def __init__(self, rate):
        self.rate, self.samples, self.crossings, self.last = rate, 0, 0, 0

    def hear(self, samples):
        for s in samples:
            if abs(s) > 300:  # so that silence has no height
                self.crossings += (s > 0) != (self.last > 0) and self.last != 0
                self.last = s
            self.samples += 1

    def height(self):
        return round(self.crossings * self.rate / 2 / max(self.samples, 1))
