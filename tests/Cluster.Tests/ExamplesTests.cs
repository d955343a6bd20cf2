using System.Text.RegularExpressions;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>
/// What lies in <c>docs/examples</c>, given to kubectl as the documents say: every object of it is taken, and taken for
/// known a second time. What needs real containers is in <c>Scenarios/ExampleTests.cs</c>.
/// </summary>
public sealed class ExamplesTests : IAsyncLifetime
{
    private const string Configuration = "scheduler-config.yaml";
    private const string Space = "examples";

    private readonly string _kubeconfig = Path.GetTempFileName();
    private SiloProcess _silo = null!;

    private static string Examples => Repository.PathOf("docs", "examples");

    private static IReadOnlyList<string> Manifests =>
    [
        .. Directory.EnumerateFiles(Examples).Select(static f => Path.GetFileName(f))
            .Where(static f => f != Configuration).Order(StringComparer.Ordinal),
    ];

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(Tools.Kubectl), "needs kubectl");
        _silo = await SiloProcess.StartInMemoryAsync(
            "--hollow-nodes", "2", "--admin-kubeconfig", _kubeconfig, "--scheduler-config",
            Path.Combine(Examples, Configuration));
        await RequireAsync("create", "namespace", Space);
        await RequireAsync("config", "set-context", "--current", $"--namespace={Space}");
        await RequireAsync("wait", "--for=create", "serviceaccount/default", "--timeout=300s");
    }

    public async ValueTask DisposeAsync()
    {
        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }

        File.Delete(_kubeconfig);
    }

    [Fact]
    public async Task Every_example_is_taken_and_does_what_its_document_says()
    {
        foreach (var manifest in Manifests)
        {
            var objects = Regex.Count(await File.ReadAllTextAsync(Path.Combine(Examples, manifest)), "(?m)^kind: ");
            var applied = await ApplyAsync(manifest);
            Assert.Equal(objects, applied.Count(static l => l.EndsWith(" created", StringComparison.Ordinal)));
            if (manifest == "book-definition.yaml")
            {
                await RequireAsync(
                    "wait", "--for=condition=Established", "crd/books.library.example", "--timeout=300s");
            }

            // Lists of defaulted rules, which policies have, are always something new to kubectl.
            Assert.All(await ApplyAsync(manifest), static l => Assert.Matches(" (unchanged|configured)$", l));
        }

        await DevicesAreAllocatedAsync();
        await PodsArePackedAndSpreadAsync();
        await BooksAreJudgedAsync();
    }

    private async Task DevicesAreAllocatedAsync()
    {
        await RequireAsync("wait", "--for=jsonpath={.status.phase}=Running", "pod/train", "--timeout=300s");
        Assert.Equal("hollow-node-1", await RequireAsync("get", "pod", "train", "-o", "jsonpath={.spec.nodeName}"));
        Assert.Equal(
            "gpu-0 gpu-1",
            await RequireAsync(
                "get", "resourceclaims", "-o", "jsonpath={.items[0].status.allocation.devices.results[*].device}"));
    }

    private async Task PodsArePackedAndSpreadAsync()
    {
        await RequireAsync(
            "wait", "--for=condition=Available", "deployment/packed", "deployment/spread", "--timeout=300s");
        Assert.Single(await NodesAsync("packed"));
        Assert.Equal(2, (await NodesAsync("spread")).Count());
    }

    private async Task<IEnumerable<string>> NodesAsync(string app) =>
        (await RequireAsync("get", "pods", "-l", $"app={app}", "-o", "jsonpath={.items[*].spec.nodeName}"))
        .Split(' ').Distinct();

    private async Task BooksAreJudgedAsync()
    {
        await RequireAsync("scale", "book/middlemarch", "--replicas=2");
        Assert.Matches(@"middlemarch +Middlemarch +2 ", await RequireAsync("get", "books"));
        Assert.Equal(
            "book.library.example/moby-dick\n",
            await RequireAsync("get", "books", "--field-selector", "spec.shelf=sea", "-o", "name"));
        var refused = await KubectlAsync(
            "patch", "book", "middlemarch", "--type=merge", "-p", """{"spec":{"lent":9}}""");
        Assert.Contains("no more books can be lent than there are", refused.Errors, StringComparison.Ordinal);
    }

    private async Task<string[]> ApplyAsync(string manifest) =>
        (await RequireAsync("apply", "-f", Path.Combine(Examples, manifest)))
        .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task<string> RequireAsync(params string[] arguments) => (await KubectlAsync(arguments)).Required;

    private Task<Ended> KubectlAsync(params string[] arguments) => Tools.RunAsync(
        Tools.Kubectl, arguments, new Dictionary<string, string> { ["KUBECONFIG"] = _kubeconfig });
}
