using Xunit;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>A namespace of one test, ready for pods; it goes, with all that is in it, when the test ends.</summary>
public sealed class Space : IAsyncDisposable
{
    private static readonly TimeSpan EventPatience = TimeSpan.FromMinutes(5);

    private readonly RealCluster _cluster;

    private Space(RealCluster cluster, string name) => (_cluster, Name) = (cluster, name);

    public string Name { get; }

    /// <summary>Makes the namespace, or skips the calling test when there is no cluster.</summary>
    public static async Task<Space> CreateAsync(RealCluster cluster, string name)
    {
        cluster.Require();
        (await cluster.KubectlAsync("create", "namespace", name)).Required.ToString();
        var space = new Space(cluster, name);
        await space.KubectlAsync("wait", "--for=create", "serviceaccount/default", "--timeout=300s");
        return space;
    }

    /// <summary>Output of a kubectl in this namespace that must succeed.</summary>
    public async Task<string> KubectlAsync(params string[] arguments) => (await TryAsync(arguments)).Required;

    /// <summary>A kubectl in this namespace that may fail.</summary>
    public Task<Ended> TryAsync(params string[] arguments) => _cluster.KubectlAsync(["-n", Name, .. arguments]);

    /// <summary>Applies manifests.</summary>
    public async Task ApplyAsync(string manifests) =>
        (await _cluster.KubectlWithInputAsync(manifests, "-n", Name, "apply", "-f", "-")).Required.ToString();

    /// <summary>Waits for a condition (<c>Ready</c>, <c>Ready=false</c>) of an object, or for one of its fields
    /// (<c>{.status.phase}=Failed</c>).</summary>
    public Task WaitAsync(string what, string expected) => KubectlAsync(
        "wait", $"--for={(expected[0] == '{' ? "jsonpath" : "condition")}={expected}", what, "--timeout=300s");

    /// <summary>A field of an object.</summary>
    public Task<string> FieldAsync(string what, string path) => KubectlAsync("get", what, "-o", $"jsonpath={path}");

    /// <summary>Waits until an event about an object has a message that holds a text: its message.</summary>
    public async Task<string> EventAsync(string about, string reason, string text)
    {
        using var watch = _cluster.StartKubectl(
            "-n", Name, "get", "events", $"--field-selector=involvedObject.name={about},reason={reason}", "--watch",
            "-o", "jsonpath={.message}{'\\n'}");
        var errors = watch.StandardError.RestAsync();
        using var patience = new CancellationTokenSource(EventPatience);
        var seen = new List<string>();
        try
        {
            while (await watch.StandardOutput.ReadLineAsync(patience.Token) is { } message)
            {
                seen.Add(message);
                if (message.Contains(text, StringComparison.Ordinal))
                {
                    return message;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // what was seen instead is told below
        }
        finally
        {
            watch.Kill();
        }

        throw new TimeoutException(
            $"no event {reason} of {about} says '{text}', but:\n{string.Join('\n', seen)}\n{await errors}");
    }

    /// <summary>Runs a shell script in a pod.</summary>
    public Task<string> ShellAsync(string pod, string script) => KubectlAsync("exec", pod, "--", "sh", "-c", script);

    /// <summary>
    /// Waits until a shell script in a pod succeeds: nodes hear of a change a moment after the one who made it.
    /// </summary>
    public Task ShellUntilAsync(string pod, string script) => ShellAsync(
        pod, $"i=0; until {{ {script}; }} >/dev/null 2>&1; do i=$((i+1)); [ $i -lt 300 ] || exit 1; sleep 0.2; done");

    public async ValueTask DisposeAsync()
    {
        var deleted = await _cluster.KubectlAsync("delete", "namespace", Name, "--timeout=300s");
        Assert.True(deleted.ExitCode == 0, $"namespace {Name} does not go: {deleted.Errors}");
    }
}
