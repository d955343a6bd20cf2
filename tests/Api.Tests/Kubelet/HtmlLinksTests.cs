using System.Buffers;
using System.Text;
using CsCheck;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Kubelet;

public sealed class HtmlLinksTests
{
    private const string Prefix = "/api/v1/namespaces/s/services/http:web:/proxy";

    private static readonly string[] Pieces =
    [
        "<", ">", "</", "<!--", "-->", "<a ", "href=", "\"/x\"", "'/y'", "/z", " ", "=", "/", "<script>", "</script>",
        "text", "é",
        "<img src=/i usemap=\"#m\">", "<title>", "</title >", "<!doctype html>", "<?xml?>", "&amp;", "\n",
    ];

    [Theory]
    [InlineData("<a href=\"/rewriteme\">test</a>", "<a href=\"{0}/rewriteme\">test</a>")]
    [InlineData("<A HREF='/x?a=1&amp;b=2#f'>", "<A HREF=\"{0}/x?a=1&amp;b=2#f\">")]
    [InlineData("<a\n href = /x>y", "<a\n href = \"{0}/x\">y")]
    [InlineData("<a href=/x/>y", "<a href=\"{0}/x/\">y")]
    [InlineData("<img src=\"/a\" longdesc=\"/b\" usemap=\"/c\" alt=\"/d\"/>",
        "<img src=\"{0}/a\" longdesc=\"{0}/b\" usemap=\"{0}/c\" alt=\"/d\"/>")]
    [InlineData("<form action=/f><button formaction=/g><input src=/h>",
        "<form action=\"{0}/f\"><button formaction=\"{0}/g\"><input src=\"{0}/h\">")]
    [InlineData("<script src=\"/s.js\">if (a<b) '<a href=\"/x\">'</script><a href=/y>",
        "<script src=\"{0}/s.js\">if (a<b) '<a href=\"/x\">'</script><a href=\"{0}/y\">")]
    [InlineData("<textarea><a href=/x></textareas></TEXTAREA ><a href=/y>",
        "<textarea><a href=/x></textareas></TEXTAREA ><a href=\"{0}/y\">")]
    [InlineData("<!-- <a href=/x> --><!--><a href=/y>", "<!-- <a href=/x> --><!--><a href=\"{0}/y\">")]
    [InlineData("<p href=/x data-href=/y><b>1 < 2</b>", "<p href=/x data-href=/y><b>1 < 2</b>")]
    [InlineData("<a href='/it&#39;s'>", "<a href=\"{0}/it%27s\">")]
    [InlineData(
        "<a href=\"x.html\"><a href=\"http://elsewhere/x\"><a href=\"mailto:a@b\"><a href=\"#f\"><a href=\"\">", null)]
    [InlineData("<a href=\"/api/v1/namespaces/s/services/http:web:/proxy/x\">", null)]
    [InlineData("<a href=\"/never ends", null)]
    public void Links_are_rewritten_and_nothing_else(string html, string? expected)
    {
        expected = expected?.Replace("{0}", Prefix, StringComparison.Ordinal) ?? html;
        Assert.Equal(expected, Rewritten(html, html.Length));
        Assert.Equal(expected, Rewritten(html, 1));
    }

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a/b/", "/a/b/")]
    [InlineData("//a/../b", "//a/../b", true)]
    [InlineData("/a/../b", "/b")]
    [InlineData("http://10.0.0.1:80/a?b#c", "/a?b#c")]
    [InlineData("http://10.0.0.1/a", "http://10.0.0.1/a", true)]
    [InlineData("https://api:6443/a", "https://api:6443{0}/a", true)]
    [InlineData("//api:6443/a", "//api:6443{0}/a", true)]
    [InlineData("http://api:6443", "http://api:6443", true)]
    [InlineData("/a%2Fb%20c", "/a/b%20c")]
    [InlineData("/%zz", "/%zz", true)]
    [InlineData("/a\u0001", "/a\u0001", true)]
    [InlineData("javascript:alert(1)", "javascript:alert(1)", true)]
    public void Where_a_link_leads_decides(string link, string expected, bool isWhole = false)
    {
        var shown = new ProxyLinks(Prefix, "10.0.0.1:80", "api:6443").Rewrite(link);
        Assert.Equal((isWhole ? "" : Prefix) + expected.Replace("{0}", Prefix, StringComparison.Ordinal), shown);
    }

    [Fact]
    public void However_html_is_cut_into_pieces_it_becomes_the_same() => Gen.Select(
        Gen.Int[0, Pieces.Length - 1].Array[0, 40], Gen.Int[1, 9]).Check((pieces, size) =>
    {
        var html = string.Concat(pieces.Select(p => Pieces[p]));
        Assert.Equal(Rewritten(html, Math.Max(1, html.Length)), Rewritten(html, size));
    });

    [Fact]
    public void A_tag_without_end_is_not_held()
    {
        var html = "<a " + new string('x', 1_000_000);
        var output = new ArrayBufferWriter<byte>();
        var links = new HtmlLinks(l => l);
        foreach (var piece in Encoding.UTF8.GetBytes(html).Chunk(10_000))
        {
            links.Process(piece, isLast: false, output);
        }

        Assert.InRange(output.WrittenCount, html.Length - 10_000, html.Length);
    }

    /// <summary>
    /// A server that sends a long tag byte by byte must not have it read from its beginning each time.
    /// </summary>
    [Fact]
    public void A_tag_that_comes_byte_by_byte_is_read_once()
    {
        var html = $"<a {string.Concat(Enumerable.Repeat("x ", 30_000))}href=/y>";
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.EndsWith($"href=\"{Prefix}/y\">", Rewritten(html, 1), StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * 1024 * 1024);
    }

    private static string Rewritten(string html, int size)
    {
        var output = new ArrayBufferWriter<byte>();
        var links = new HtmlLinks(new ProxyLinks(Prefix, "10.0.0.1:80", "api:6443").Rewrite);
        foreach (var piece in Encoding.UTF8.GetBytes(html).Chunk(size))
        {
            links.Process(piece, isLast: false, output);
        }

        links.Process([], isLast: true, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
