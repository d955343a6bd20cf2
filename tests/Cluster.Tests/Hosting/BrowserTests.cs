using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>A page is opened by what the user has named, else by the desktop.</summary>
public sealed class BrowserTests
{
    private const string Page = "/run/user/1000/orc-dashboard-1.html";

    [Theory]
    [InlineData("firefox", "", "firefox %s")]
    [InlineData("/opt/chrome --new-window %s --incognito", ":0", "/opt/chrome --new-window %s --incognito")]
    [InlineData("nothing:firefox --url=%s", "", "firefox --url=%s")]
    [InlineData("nothing", ":0", "xdg-open %s")]
    [InlineData(" : ", ":0", "xdg-open %s")]
    [InlineData("", "wayland-0", "xdg-open %s")]
    [InlineData(null, "", null)]
    [InlineData("nothing", "", null)]
    public void The_first_that_is_there_opens_it(string? browser, string display, string? expected)
    {
        Assert.SkipWhen(OperatingSystem.IsMacOS(), "its desktop is another");
        var variables = new Dictionary<string, string?> { ["BROWSER"] = browser, ["WAYLAND_DISPLAY"] = display };

        var command = Browser.Find(
            name => variables.GetValueOrDefault(name), static name => name == "nothing" ? null : $"/usr/bin/{name}");

        Assert.Equal(expected, command is null ? null : string.Join(' ', command));
    }

    [Fact]
    public void A_desktop_without_an_opener_is_none()
    {
        Assert.Null(Browser.Find(static name => name == "DISPLAY" ? ":0" : null, static _ => null));
    }

    [Fact]
    public async Task It_is_told_of_the_page_and_its_exit_code_says_whether_it_opened_it()
    {
        var cancellation = TestContext.Current.CancellationToken;
        Assert.Equal(0, await Browser.OpenAsync(["test", "%s", "=", Page], Page, cancellation));
        Assert.Equal(1, await Browser.OpenAsync(["test", "--page=%s", "=", Page], Page, cancellation));
    }
}
