using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Grains.Scheduling;
using OrleansOrchestrator.Grains.Scheduling.Extenders;
using OrleansOrchestrator.TestKit;
using OrleansOrchestrator.TestKit.Remote;
using OrleansOrchestrator.TestKit.Scheduling;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Scheduling.Extenders;

/// <summary>One extender, called over the network: what goes out, and what its answers mean.</summary>
public sealed class HttpExtenderTests : IAsyncLifetime
{
    private const string Gpu = "example.com/gpu";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly PodReader _reader = new(new ScalarResources()) { KeepsObjects = true };
    private readonly NodeTable _nodes = new(new ClusterTables()) { KeepsObjects = true };
    private TestExtender _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestExtender.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Who_does_not_know_the_nodes_is_sent_them_whole()
    {
        _server.On("filter", """{"Nodes":{"items":[{"metadata":{"name":"b"}}]},"FailedNodes":{"a":"too old"}}""");
        var (answer, error) = await AskAsync(_server.Settings with { KnowsNodes = false });
        Assert.Null(error);
        Assert.Equal("b", Assert.Single(answer.Nodes!.Items!)!.Metadata!.Name);
        var (_, question) = Assert.Single(_server.Asked);
        Assert.Equal("p", question["Pod"]!["metadata"]!["name"]!.GetValue<string>());
        Assert.Equal(
            ["a", "b"],
            question["Nodes"]!["items"]!.AsArray().Select(n => n!["metadata"]!["name"]!.GetValue<string>()));
        Assert.Equal("4", question["Nodes"]!["items"]![0]!["status"]!["allocatable"]!["cpu"]!.GetValue<string>());
        Assert.Null(question["NodeNames"]);
        Assert.True(question.AsObject().ContainsKey("NodeNames"));
    }

    /// <summary>As Go reads names, and as extenders in other languages write them.</summary>
    [Fact]
    public async Task The_case_of_names_does_not_matter()
    {
        _server.On("filter", """{"nodeNames":["a"],"failedNodes":{"b":"no"},"error":""}""");
        var (answer, error) = await AskAsync(_server.Settings);
        Assert.Null(error);
        Assert.Equal(["a"], answer.NodeNames);
        Assert.Equal("no", answer.FailedNodes!["b"]);
        var named = Assert.Single(_server.Asked).Question["NodeNames"]!.AsArray();
        Assert.Equal(["a", "b"], named.Select(n => n!.GetValue<string>()));
    }

    [Theory]
    [InlineData("500", "failed filter with extender at URL {0}/filter, code 500")]
    [InlineData("404", "failed filter with extender at URL {0}/filter, code 404")]
    [InlineData("""{"Error":"out of luck"}""", "out of luck")]
    [InlineData("", "EOF")]
    [InlineData("{\"NodeNames\":", "unexpected EOF")]
    [InlineData("nonsense", "invalid character 'o' in literal null (expecting 'u')")]
    public async Task What_goes_wrong_is_told_in_upstreams_words(string answer, string complaint)
    {
        _server.On("filter", answer);
        var (_, error) = await AskAsync(_server.Settings);
        Assert.Equal(string.Format(null, CompositeFormat.Parse(complaint), _server.Url), error);
    }

    [Fact]
    public async Task Who_cannot_be_reached_is_told_of_by_address()
    {
        const string nowhere = "http://127.0.0.1:1";
        var (_, error) = await AskAsync(new ExtenderSettings { UrlPrefix = nowhere, FilterVerb = "filter" });
        Assert.StartsWith($"Post \"{nowhere}/filter\": ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_ends_when_its_time_is_up()
    {
        var (time, asked, ended) = (new ManualTime(), new TaskCompletionSource(), new TaskCompletionSource());
        _server.Hold = async context =>
        {
            asked.SetResult();
            await using var _ = context.RequestAborted.Register(ended.SetResult);
            await ended.Task;
        };
        using var extender = new HttpExtender(_server.Settings with { Timeout = TimeSpan.FromSeconds(3) }, time);
        var call = extender.FilterAsync(Pod(), Nodes(), TestContext.Current.CancellationToken);
        await asked.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromMilliseconds(2_999));
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(
            $"Post \"{_server.Url}/filter\": " +
            "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
            (await call).Error);
        await ended.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_call_may_have_more_time_than_timers_can_be_set_for()
    {
        _server.On("filter", """{"NodeNames":["a"]}""");
        var (answer, error) = await AskAsync(_server.Settings with { Timeout = TimeSpan.FromDays(400) });
        Assert.Null(error);
        Assert.Equal(["a"], answer.NodeNames);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("example.com/other", false)]
    [InlineData("example.com/gpu", true)]
    public void Only_pods_that_ask_for_what_it_manages_are_its_business(string managed, bool isInterested)
    {
        using var extender = new HttpExtender(
            _server.Settings with
            {
                ManagedResources = managed.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(),
            },
            TimeProvider.System);
        Assert.Equal(isInterested, extender.IsInterested(Pod($"{Gpu}=1")));
        var init = _reader.Read(new PodSketch("i")
        {
            Spec = $$"""
                "initContainers":[{"name":"i","image":"i","resources":{"limits":{"{{Gpu}}":"1"} } }]
                """,
        }.Build());
        Assert.Equal(isInterested, extender.IsInterested(init));
    }

    [Theory]
    [InlineData(true, false, "", null)]
    [InlineData(false, true, "", null)]
    [InlineData(false, false, "", "Post")]
    [InlineData(true, false, "other.example.com", "Post")]
    [InlineData(true, false, "extender.example.com", null)]
    public async Task Certificates_are_checked_as_settings_say(
        bool trustsAuthority, bool isInsecure, string serverName, string? complaint)
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["localhost", "extender.example.com"]);
        using var trusted = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(authority.Bundle));
        await using var secure = (await TestExtender.StartAsync(certificate)).On("filter", """{"NodeNames":["a"]}""");
        var (answer, error) = await AskAsync(secure.Settings with
        {
            Tls = new ExtenderTls
            {
                IsInsecure = isInsecure, ServerName = serverName, Authorities = trustsAuthority ? [trusted] : [],
            },
        });
        if (complaint is null)
        {
            Assert.Null(error);
            Assert.Equal(["a"], answer.NodeNames);
        }
        else
        {
            Assert.StartsWith(complaint, error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_certificate_is_shown_to_who_asks_for_one()
    {
        using var authority = new TestAuthority();
        using var certificate = authority.Issue(["localhost"]);
        using var own = authority.Issue(["scheduler"]);
        await using var secure = (await TestExtender.StartAsync(certificate, asksForCertificate: true))
            .On("filter", """{"NodeNames":[]}""");
        var shown = new TaskCompletionSource<string?>();
        secure.Hold = context =>
        {
            shown.SetResult(context.Connection.ClientCertificate?.Thumbprint);
            return Task.CompletedTask;
        };
        var (_, error) = await AskAsync(
            secure.Settings with { Tls = new ExtenderTls { IsInsecure = true, Client = own } });
        Assert.Null(error);
        Assert.Equal(own.Thumbprint, await shown.Task);
    }

    private async Task<(FilterAnswer Answer, string? Error)> AskAsync(ExtenderSettings settings)
    {
        using var extender = new HttpExtender(settings, TimeProvider.System);
        return await extender.FilterAsync(Pod(), Nodes(), TestContext.Current.CancellationToken);
    }

    private PodInfo Pod(string requests = "") => _reader.Read(new PodSketch("p") { Requests = requests }.Build());

    private NodeInfo[] Nodes() =>
        [.. ((string[])["a", "b"]).Select(n => _nodes.Find(n) ?? _nodes.Update(new NodeSketch(n).Build())!.Node)];
}
