using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

/// <summary>
/// Programs that know credentials are run, real shells here, which write down what they were asked and answer what a
/// test has put into a file.
/// </summary>
public sealed class CredentialPluginsTests : IDisposable
{
    private const string Protocol = "credentialprovider.kubelet.k8s.io/v1";
    private const string Good =
        $$$$"""

        echo '{"kind":"CredentialProviderResponse","apiVersion":"{{{{Protocol}}}}","cacheKeyType":"Image",
               "auth":{"r.io":{"username":"x","password":"y"}}}'

        """;
    private const string Program =
        "#!/bin/sh\ncat > \"$0.asked.$$\"\necho \"$LOGIN $1\" > \"$0.given\"\ncat \"$0.answer\"\n";

    private readonly string _directory = Directory.CreateTempSubdirectory("orc-plugins-").FullName;
    private readonly ManualTime _time = new();
    private readonly FakeCluster _cluster = new();
    private readonly KubeletMeters _meters = new();
    private readonly LogLines _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_program_is_asked_for_the_images_that_it_is_for_and_may_answer_for_others()
    {
        var plugins = Plugins("""
            - name: p
              matchImages: ['*.example.com']
              apiVersion: credentialprovider.kubelet.k8s.io/v1
              defaultCacheDuration: 1m
              args: [get]
              env: [{name: LOGIN, value: me}]
            """);
        Answer("p", "Registry", null, ("a.example.com", "user", "secret"), ("other.io", "x", "y"));

        Assert.Empty(await plugins.ForAsync(Pod(), "example.com/app:1", Cancellation));
        Assert.Equal(0, Asked("p"));

        var found = Assert.Single(await plugins.ForAsync(Pod(), "a.example.com/team/app:1", Cancellation));
        Assert.Equal(("user", "secret"), (found.Auth.Username, found.Auth.Password));
        Assert.Null(found.Source);
        Assert.Null(found.Account);
        Assert.Equal("me get", File.ReadAllText(Path.Combine(_directory, "p.given")).Trim());
        var request = LastRequest("p");
        Assert.Equal(
            ("CredentialProviderRequest", Protocol, "a.example.com/team/app"),
            ((string)request["kind"]!, (string)request["apiVersion"]!, (string)request["image"]!));
        Assert.False(request.ContainsKey("serviceAccountToken"));
    }

    /// <summary>What the answer is about and for how long; whether another image of the registry, and one of another,
    /// asks again, and whether one a minute later does.</summary>
    [Theory]
    [InlineData("Image", null, true, true, true)]
    [InlineData("Registry", null, false, true, true)]
    [InlineData("Global", null, false, false, true)]
    [InlineData("Global", "5m", false, false, false)]
    [InlineData("Global", "0s", true, true, true)]
    [InlineData("Nothing", null, true, true, true)]
    public async Task Answers_are_kept_as_they_say(
        string about, string? duration, bool asksForAnother, bool asksElsewhere, bool asksLater)
    {
        var plugins = Plugins(Plain("p", "r.io, s.io"));
        Answer("p", about, duration, ("r.io", "u", "p"));
        Assert.Equal(about == "Nothing" ? 0 : 1, (await plugins.ForAsync(Pod(), "r.io/a", Cancellation)).Count);

        Assert.Equal(asksForAnother, await AsksAsync("r.io/b"));
        Assert.Equal(asksElsewhere, await AsksAsync("s.io/a"));
        _time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(asksLater, await AsksAsync("r.io/a"));

        async Task<bool> AsksAsync(string image)
        {
            var before = Asked("p");
            await plugins.ForAsync(Pod(), image, Cancellation);
            return Asked("p") > before;
        }
    }

    [Theory]
    [InlineData("#!/bin/sh\nexit 3\n", "exit status 3: ")]
    [InlineData("#!/bin/sh\necho wrong >&2; exit 3\n", "exit status 3: wrong")]
    [InlineData("#!/bin/sh\necho no json\n", "error decoding credential provider plugin response from stdout")]
    [InlineData(
        "#!/bin/sh\necho '{\"kind\":\"CredentialProviderResponse\",\"apiVersion\":\"v9\"}'\n",
        "apiVersion from credential plugin response did not match expected apiVersion:" + Protocol
            + ", actual apiVersion:v9")]
    [InlineData("#!/bin/sh\nprintf '%1100000s'" + Good, "it wrote more than 1048576 characters")]
    [InlineData("#!/bin/sh\nprintf '%1100000s' >&2" + Good, "it wrote more than 1048576 characters")]
    [InlineData("no program", null)]
    public async Task Who_has_no_good_answer_has_none(string program, string? problem)
    {
        var plugins = Plugins($"{Plain("p", "r.io")}\n{Plain("q", "r.io")}");
        MakeProgram("p", program);
        Answer("q", "Image", null, ("r.io", "u", "p"));

        Assert.Equal("u", Assert.Single(await plugins.ForAsync(Pod(), "r.io/a", Cancellation)).Auth.Username);
        const string told = "Credential provider p has no answer for image r.io/a: ";
        Assert.StartsWith(told, Assert.Single(_log.Lines));
        Assert.True(problem is null || _log.Lines[0] == told + problem, _log.Lines[0]);
    }

    [Fact]
    public async Task Of_what_a_program_says_is_wrong_the_beginning_is_told()
    {
        var plugins = Plugins(Plain("p", "r.io"));
        MakeProgram("p", "#!/bin/sh\nprintf 'wrong%1000s!' >&2\nexit 1\n");

        Assert.Empty(await plugins.ForAsync(Pod(), "r.io/a", Cancellation));
        Assert.Equal(
            "Credential provider p has no answer for image r.io/a: exit status 1: " + "wrong".PadRight(256),
            Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task What_a_program_knows_of_an_account_is_for_that_account()
    {
        var plugins = Plugins(Token("ServiceAccount"));
        _cluster.Accounts["builder"] = Account("builder", "1");
        Answer("p", "Registry", "1h", ("r.io", "u", "p"));

        Assert.Empty(await plugins.ForAsync(Pod(), "r.io/a", Cancellation));
        Assert.Empty(await plugins.ForAsync(Pod("absent"), "r.io/a", Cancellation));
        Assert.Equal(0, Asked("p"));

        var found = Assert.Single(await plugins.ForAsync(Pod("builder"), "r.io/a", Cancellation));
        Assert.Equal(new PullAccountSource("1", "default", "builder"), found.Account);
        var request = LastRequest("p");
        Assert.Equal("{\"needed\":\"yes\",\"wished\":\"too\"}", request["serviceAccountAnnotations"]!.ToJsonString());
        Assert.NotEmpty((string)request["serviceAccountToken"]!);

        Assert.Single(await plugins.ForAsync(Pod("builder", "another"), "r.io/b", Cancellation));
        Assert.Equal(1, Asked("p"));
        _cluster.Accounts["builder"] = Account("builder", "2");
        Assert.Single(await plugins.ForAsync(Pod("builder"), "r.io/a", Cancellation));
        Assert.Equal(2, Asked("p"));
    }

    [Fact]
    public async Task What_ends_with_a_token_is_for_its_pod_alone()
    {
        var plugins = Plugins(Token("Token"));
        _cluster.Accounts["builder"] = Account("builder", "1");
        Answer("p", "Global", "1h", ("r.io", "u", "p"));

        await plugins.ForAsync(Pod("builder"), "r.io/a", Cancellation);
        await plugins.ForAsync(Pod("builder"), "r.io/a", Cancellation);
        Assert.Equal(1, Asked("p"));
        await plugins.ForAsync(Pod("builder", "another"), "r.io/a", Cancellation);
        Assert.Equal(2, Asked("p"));
    }

    [Fact]
    public async Task An_account_that_does_not_opt_in_is_left_alone()
    {
        var plugins = Plugins(Token("Token"));
        var account = Account("builder", "1");
        account.Metadata.Annotations.Remove("needed");
        _cluster.Accounts["builder"] = account;

        Assert.Empty(await plugins.ForAsync(Pod("builder"), "r.io/a", Cancellation));
        Assert.Equal((0, 0), (Asked("p"), _cluster.TokensIssued));
    }

    private static string Plain(string name, string images) =>
        $"- {{name: {name}, matchImages: [{images}], apiVersion: {Protocol}, defaultCacheDuration: 30s}}";

    private static string Token(string cacheType) =>
        $$"""
        - name: p
          matchImages: [r.io]
          apiVersion: {{Protocol}}
          defaultCacheDuration: 1m
          tokenAttributes:
            serviceAccountTokenAudience: registry
            requireServiceAccount: true
            cacheType: {{cacheType}}
            requiredServiceAccountAnnotationKeys: [needed]
            optionalServiceAccountAnnotationKeys: [wished, absent]
        """;

    private static V1ServiceAccount Account(string name, string uid) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name, NamespaceProperty = "default", Uid = uid,
            Annotations = new Dictionary<string, string> { ["needed"] = "yes", ["wished"] = "too", ["else"] = "no" },
        },
    };

    private static V1Pod Pod(string? account = null, string name = "pod")
    {
        var pod = TestPods.Pod(name, TestPods.Service("main"));
        (pod.Metadata.Uid, pod.Metadata.NamespaceProperty) = ("uid-" + name, "default");
        pod.Spec.ServiceAccountName = account;
        return pod;
    }

    private CredentialPlugins Plugins(string providers)
    {
        var config = Path.Combine(_directory, "config.yaml");
        File.WriteAllText(
            config, $"apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n{providers}\n");
        MakeProgram("p", Program);
        MakeProgram("q", Program);
        var options = new NodeAgentOptions
        {
            NodeName = "n", ImageCredentialProviderConfig = config, ImageCredentialProviderDirectory = _directory,
        };
        return new CredentialPlugins(options, _cluster, _cluster, _meters, _time, _log);
    }

    private void MakeProgram(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private void Answer(
        string program, string about, string? duration, params (string For, string User, string Password)[] known)
    {
        var auth = new JsonObject(known.Select(static k => KeyValuePair.Create(
            k.For, (JsonNode?)new JsonObject { ["username"] = k.User, ["password"] = k.Password })));
        var answer = new JsonObject
        {
            ["kind"] = "CredentialProviderResponse", ["apiVersion"] = Protocol, ["cacheKeyType"] = about,
            ["auth"] = auth,
        };
        if (duration is not null)
        {
            answer["cacheDuration"] = duration;
        }

        File.WriteAllText(Path.Combine(_directory, program + ".answer"), answer.ToJsonString());
    }

    private int Asked(string program) => Directory.GetFiles(_directory, program + ".asked.*").Length;

    private JsonObject LastRequest(string program) => JsonNode.Parse(File.ReadAllText(
        Directory.GetFiles(_directory, program + ".asked.*").MaxBy(File.GetLastWriteTimeUtc)!))!.AsObject();

    /// <summary>What is logged; one program runs at a time.</summary>
    private sealed class LogLines : ILogger<CredentialPlugins>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}
