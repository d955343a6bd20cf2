using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Clients.Tests;

/// <summary>
/// Clients that people have, old and new, each through a scenario of its own (<c>scripts</c>) against a silo process. A
/// client that the test script has not installed is skipped and counted.
/// </summary>
[Collection(Clients.Name)]
public sealed class ClientsTests(ClientsSilo silo)
{
    private static readonly string NodeClients = Path.Combine(Tools.Directory, "clients");

    [Theory]
    [InlineData("kubectl")]
    [InlineData("kubectl-1.34")]
    [InlineData("kubectl-1.20")]
    public async Task Kubectl(string program)
    {
        var path = Path.Combine(Tools.Directory, program);
        Assert.SkipUnless(File.Exists(path), $"{path} is not installed");
        await IsContentAsync("bash", Script("kubectl.sh"), path, program.Replace('.', '-'));
    }

    [Theory]
    [InlineData("kubectl")]
    [InlineData("kubectl-1.34")]
    [InlineData("kubectl-1.20")]
    public async Task KubectlOnCustomKinds(string program)
    {
        var path = Path.Combine(Tools.Directory, program);
        Assert.SkipUnless(File.Exists(path), $"{path} is not installed");
        await IsContentAsync("bash", Script("custom.sh"), path, $"custom-{program.Replace('.', '-')}");
    }

    [Fact]
    public async Task HelmOnCustomKinds()
    {
        var path = Path.Combine(Tools.Directory, "helm");
        Assert.SkipUnless(File.Exists(path), $"{path} is not installed");
        await IsContentAsync(
            "bash", Script("helm-crds.sh"), path, "helm-crds", Repository.PathOf("tests", "Clients.Tests", "boats"));
    }

    [Fact]
    public async Task Helm()
    {
        var path = Path.Combine(Tools.Directory, "helm");
        Assert.SkipUnless(File.Exists(path), $"{path} is not installed");
        await IsContentAsync(
            "bash", Script("helm.sh"), path, "helm", Repository.PathOf("tests", "Clients.Tests", "chart"));
    }

    /// <summary>Releases before 1.27 do not know all that is said.</summary>
    [Theory]
    [InlineData("kubectl")]
    [InlineData("kubectl-1.34")]
    public async Task Rights(string program)
    {
        var (path, helm) = (Path.Combine(Tools.Directory, program), Path.Combine(Tools.Directory, "helm"));
        Assert.SkipUnless(File.Exists(path) && File.Exists(helm), $"{path} or {helm} is not installed");
        await IsContentAsync(
            "bash", Script("rights.sh"), path, $"rights-{program.Replace('.', '-')}", helm,
            Repository.PathOf("tests", "Clients.Tests", "chart"));
    }

    [Fact]
    public async Task Python()
    {
        Assert.SkipUnless(
            Directory.Exists("/usr/lib/python3/dist-packages/kubernetes"), "python3-kubernetes is not installed");
        await IsContentAsync("/usr/bin/python3", Script("python.py"), "python");
        await IsContentAsync("/usr/bin/python3", Script("custom.py"), "custom-python");
    }

    /// <summary>Its modules use the client of Python.</summary>
    [Fact]
    public async Task Ansible()
    {
        var root = Path.Combine(Tools.Directory, "ansible");
        Assert.SkipUnless(
            Directory.Exists(root) && Directory.Exists("/usr/lib/python3/dist-packages/kubernetes"),
            $"{root} or python3-kubernetes is not there");
        await IsContentAsync("bash", Script("ansible.sh"), root);
    }

    [Fact]
    public async Task Ruby()
    {
        Assert.SkipUnless(Directory.Exists("/usr/share/doc/ruby-kubeclient"), "ruby-kubeclient is not installed");
        await IsContentAsync("/usr/bin/ruby", Script("ruby.rb"), "ruby");
    }

    /// <summary>Its modules are found from the directory that it runs in.</summary>
    [Theory]
    [InlineData("node")]
    [InlineData("custom")]
    public async Task Node(string scenario)
    {
        Assert.SkipUnless(Directory.Exists(NodeClients), $"{NodeClients} is not there");
        var script = await File.ReadAllTextAsync(
            Script($"{scenario}.mjs"), TestContext.Current.CancellationToken);
        Judge(await Tools.RunAsync(
            "env",
            [$"--chdir={NodeClients}", "node", "--input-type=module", "-", $"node-{scenario}"],
            silo.Environment,
            script));
    }

    [Fact]
    public async Task Assistant()
    {
        const string program = "kubernetes-mcp-server-linux-amd64";
        var path = Path.Combine(NodeClients, "node_modules", program, "bin", program);
        Assert.SkipUnless(File.Exists(path), $"{path} is not installed");
        await IsContentAsync("/usr/bin/python3", Script("mcp.py"), path, "assistant");
    }

    private static string Script(string name) => Repository.PathOf("tests", "Clients.Tests", "scripts", name);

    private async Task IsContentAsync(string program, params string[] arguments) =>
        Judge(await Tools.RunAsync(program, arguments, silo.Environment));

    private void Judge(Ended ended) => Assert.True(
        ended.ExitCode == 0 && ended.Output.TrimEnd().EndsWith("is content", StringComparison.Ordinal),
        $"exit code {ended.ExitCode}\n{ended.Output}\n{ended.Errors}\n{silo.Log()}");
}
