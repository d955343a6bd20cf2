using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.StaticPods;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.StaticPods;

/// <summary>What an address answers, and what the node is told to run.</summary>
public sealed class ManifestDownloadTests : IAsyncDisposable
{
    private const string Url = "http://pods.example.com/manifests";

    private readonly Website _website = new();
    private readonly StaticPodSource _source = new(TimeProvider.System);
    private readonly FakeCluster _cluster = new();
    private readonly EventRecorder _events;
    private readonly ManifestFollower _files;
    private readonly ManifestDownload _download;
    private readonly Dictionary<string, string> _running = [];

    public ManifestDownloadTests()
    {
        var options = new NodeAgentOptions
        {
            NodeName = "node", ManifestUrl = Url, ManifestUrlHeaders = ["Metadata-Flavor: Orc"],
            ManifestUrlPeriod = TimeSpan.Zero,
        };
        _events = new EventRecorder(_cluster, options, TimeProvider.System, NullLogger<EventRecorder>.Instance);
        _files = new ManifestFollower(
            options, _source, _events, TimeProvider.System, NullLogger<ManifestFollower>.Instance);
        _download = new ManifestDownload(
            options, _source, _files, _events, TimeProvider.System, NullLogger<ManifestDownload>.Instance, _website);
        _source.Changed += (change, pod) =>
        {
            if (change == PodChange.Set)
            {
                _running[pod.Metadata.Name] = pod.Spec.Containers[0].Image;
                return;
            }

            _running.Remove(pod.Metadata.Name);
        };
    }

    public async ValueTask DisposeAsync()
    {
        await _download.StopAsync(CancellationToken.None);
        _download.Dispose();
        _files.Dispose();
        _events.Dispose();
    }

    [Fact]
    public async Task A_pod_and_a_list_of_pods_are_run()
    {
        await _download.StartAsync(CancellationToken.None);
        await AnswerAsync(Pod("a", "one"));
        Assert.Equal("Orc", Assert.Single(_website.LastRequest!.Headers.GetValues("Metadata-Flavor")));
        Assert.Equal(["a-node one"], Running());

        await AnswerAsync(List(Pod("a", "one"), Pod("b", "two"), Pod("b", "three")));
        Assert.Equal(["a-node one", "b-node two"], Running());

        await AnswerAsync(List());
        Assert.Empty(Running());
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"apiVersion":"v1","kind":"Service"}""")]
    [InlineData("""{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"x"},"spec":{}}]}""")]
    public async Task What_is_of_no_use_changes_nothing(string answer)
    {
        await _download.StartAsync(CancellationToken.None);
        await AnswerAsync(Pod("a", "one"));
        await AnswerAsync(answer);
        Assert.Equal(1, Failures());
        await AnswerAsync(Pod("b", "one"), HttpStatusCode.NotFound);

        Assert.Equal(2, Failures());
        Assert.Equal(["a-node one"], Running());
    }

    [Fact]
    public async Task What_is_of_no_use_is_a_failure_each_time_and_nothing_is_known_by_it()
    {
        _source.Replace([]);
        await _download.StartAsync(CancellationToken.None);
        await AnswerAsync("{");
        await AnswerAsync("{");

        Assert.Equal(2, Failures());
        Assert.False(_source.Synced.IsCompleted);
    }

    [Fact]
    public async Task An_empty_answer_ends_all()
    {
        await _download.StartAsync(CancellationToken.None);
        await AnswerAsync(Pod("a", "one"));
        await AnswerAsync("");

        Assert.Empty(Running());
        Assert.Equal(1, Failures());
    }

    [Fact]
    public async Task Not_all_pods_are_known_before_files_and_address_have_told_of_theirs()
    {
        _source.Replace([]);
        Assert.False(_source.Synced.IsCompleted);
        await _download.StartAsync(CancellationToken.None);
        await AnswerAsync(Pod("a", "one"));

        Assert.True(_source.Synced.IsCompleted);
    }

    [Fact]
    public async Task Of_a_name_that_both_have_the_files_pod_runs()
    {
        _source.Replace([Manifest.Read(Encoding.UTF8.GetBytes(Pod("a", "file")), "/a", "node")]);
        await _download.StartAsync(CancellationToken.None);
        await AnswerAsync(List(Pod("a", "one"), Pod("b", "two")));

        Assert.Equal(["a-node file", "b-node two"], Running());
    }

    /// <summary>Upstream's rules: the address alone makes another pod of the same text, and none is kept on a node in
    /// trouble.</summary>
    [Fact]
    public void Pods_of_an_address_are_marked_as_such()
    {
        var text = Encoding.UTF8.GetBytes(Pod("a", "one"));
        var pod = Assert.Single(Manifest.ReadAll(text, Url, "node"));
        var elsewhere = Assert.Single(Manifest.ReadAll(text, Url, "other"));

        Assert.Equal("http", pod.Pod.Metadata.Annotations[ConfigAnnotations.Source]);
        Assert.Equal(pod.Digest, pod.Pod.Metadata.Annotations[ConfigAnnotations.Hash]);
        Assert.Equal(pod.Digest, elsewhere.Digest);
        Assert.NotEqual(pod.Digest, Assert.Single(Manifest.ReadAll(text, Url + "?", "node")).Digest);
        Assert.NotEqual(pod.Digest, Manifest.Read(text, Url, "node").Digest);
        Assert.True(pod.Pod.Spec.Tolerations is null or []);
    }

    [Theory]
    [InlineData("http://example.com/a", null)]
    [InlineData("https://example.com/a", null)]
    [InlineData("", null)]
    [InlineData("/etc/manifests", "--manifest-url: '/etc/manifests' is no address, such as https://example.com/pods.yaml.")]
    [InlineData("ftp://a", "--manifest-url: 'ftp://a' is no address, such as https://example.com/pods.yaml.")]
    public void Only_addresses_of_the_web_are_asked(string url, string? problem) => Assert.Equal(
        problem, AgentPreconditions.OptionProblem(new NodeAgentOptions { NodeName = "n", ManifestUrl = url }));

    [Theory]
    [InlineData("Metadata-Flavor:Orc", true)]
    [InlineData("X: a:b", true)]
    [InlineData("X:", true)]
    [InlineData("Metadata-Flavor", false)]
    [InlineData(":Orc", false)]
    [InlineData("Metadata Flavor:Orc", false)]
    [InlineData("Content-Type:text/plain", false)]
    public void Only_headers_of_a_request_are_sent_along(string header, bool isOne) => Assert.Equal(
        isOne ? null : $"--manifest-url-header: '{header}' is no header of a request, NAME:VALUE.",
        AgentPreconditions.OptionProblem(new NodeAgentOptions { NodeName = "n", ManifestUrlHeaders = [header] }));

    /// <summary>Returns when the node has taken the answer, and asks again.</summary>
    private async Task AnswerAsync(string text, HttpStatusCode status = HttpStatusCode.OK)
    {
        await _website.AskedAsync();
        _website.Answer(text, status);
        await _website.AskedAgainAsync();
    }

    private List<string> Running() =>
        [.. _running.Select(static r => $"{r.Key} {r.Value}").Order(StringComparer.Ordinal)];

    private long Failures()
    {
        var text = new MetricsText();
        _files.Failures.Write(text);
        return long.Parse(text.ToString().Trim().Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Pod(string name, string image) =>
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"{{{image}}}"}]}}""";

    private static string List(params string[] pods) =>
        $$"""{"apiVersion":"v1","kind":"PodList","items":[{{string.Join(',', pods)}}]}""";

    /// <summary>Answers when the test says what.</summary>
    private sealed class Website : HttpMessageHandler
    {
        private readonly Channel<HttpRequestMessage> _asked = Channel.CreateUnbounded<HttpRequestMessage>();
        private readonly Channel<HttpResponseMessage> _answers = Channel.CreateUnbounded<HttpResponseMessage>();
        private bool _isAsked;

        public HttpRequestMessage? LastRequest { get; private set; }

        public async Task AskedAsync()
        {
            if (!_isAsked)
            {
                LastRequest = await _asked.Reader.ReadAsync();
                _isAsked = true;
            }
        }

        public Task AskedAgainAsync()
        {
            _isAsked = false;
            return AskedAsync();
        }

        public void Answer(string text, HttpStatusCode status) => _answers.Writer.TryWrite(
            new HttpResponseMessage(status) { Content = new StringContent(text, Encoding.UTF8) });

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _asked.Writer.TryWrite(request);
            return await _answers.Reader.ReadAsync(cancellationToken);
        }
    }
}
