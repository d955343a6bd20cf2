using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Scenarios;

/// <summary>exec and port-forward of the real kubectl, over WebSockets and over SPDY.</summary>
[Collection(ClusterTests.Name)]
public sealed class StreamTests(RealCluster cluster)
{
    private const string Server = """
        mkdir -p /tmp/www; head -c 6000000 /dev/urandom > /tmp/www/noise; md5sum < /tmp/www/noise | cut -d' ' -f1 > /tmp/www/sum
        trap 'kill $!; exit 0' TERM
        httpd -f -p 8080 -h /tmp/www &
        wait
        """;

    [Fact]
    public async Task Streams_work_over_websockets_and_over_spdy()
    {
        await using var space = await Space.CreateAsync(cluster, "streams");
        await space.ApplyAsync(
            Pods.Shell(
                "server", Server, more: "readinessProbe: {httpGet: {port: 8080, path: /sum}, periodSeconds: 1}"));
        await space.WaitAsync("pod/server", "Ready");
        await Concurrently.RunAsync([.. new[] { "true", "false" }.SelectMany(websockets => (Task[])[
            CommandsAsync(space, websockets), InputAsync(space, websockets), OutputAsync(space, websockets),
            PortsAsync(space, websockets)])]);
    }

    // A container that has ended beside one that runs, and one that cannot start.
    private const string Ended = """
          - name: ended
            image: orc.local/demo:1
            command: ["true"]
        """;

    private const string Imageless = """
        apiVersion: v1
        kind: Pod
        metadata: {name: imageless}
        spec:
          containers:
          - {name: main, image: "orc.local/none:1", imagePullPolicy: Never}
        """;

    [Fact]
    public async Task What_cannot_be_had_is_said_in_upstreams_words()
    {
        await using var space = await Space.CreateAsync(cluster, "refused");
        await space.ApplyAsync(
            Pods.Together(Pods.Shell("both", Pods.Idle, restart: "Never") + "\n" + Ended, Imageless));
        await space.WaitAsync("pod/both", "{.status.containerStatuses[?(@.name=='ended')].state.terminated.reason}");
        await space.WaitAsync("pod/imageless", "{.status.containerStatuses[0].state.waiting.reason}");
        await Concurrently.RunAsync([.. new[] { "true", "false" }.Select(w => SaysWhyNotAsync(space, w))]);
    }

    private async Task SaysWhyNotAsync(Space space, string websockets)
    {
        var upgrade = websockets == "true"
            ? "Internal error occurred: unable to upgrade connection" : "unable to upgrade connection";
        foreach (var (arguments, message) in new (string Arguments, string Message)[]
        {
            ("exec both -c ended -- true", $"error: {upgrade}: container not found (\"ended\")"),
            ("attach both -c ended", $"container ended not found in pod both_{space.Name}"),
            ("exec both -c zz -- true", "container zz is not valid for pod both"),
            ("exec none -- true", "Error from server (NotFound): pods \"none\" not found"),
            ("attach none", "Error from server (NotFound): pods \"none\" not found"),
            ("port-forward pod/none :80", "Error from server (NotFound): pods \"none\" not found"),
            ("port-forward pod/imageless :80",
                "error: unable to forward port because pod is not running. Current status=Pending"),
            ("logs both -c zz", "container zz is not valid for pod both"),
            ("logs none", "(NotFound): pods \"none\" not found"),
            ("logs imageless", "Error from server (BadRequest): container \"main\" in pod \"imageless\" is waiting to start: ErrImageNeverPull"),
            ("logs both -c ended --previous", "previous terminated container \"ended\" in pod \"both\" not found"),
        })
        {
            var ended = await cluster.KubectlAsync(
                Environment(websockets), null, ["-n", space.Name, .. arguments.Split(' ')]);
            Assert.NotEqual(0, ended.ExitCode);
            Assert.Contains(message, ended.Errors, StringComparison.Ordinal);
        }
    }

    private async Task CommandsAsync(Space space, string websockets)
    {
        var ended = await ExecAsync(space, websockets, null, "echo out; echo err >&2; exit 7");
        Assert.Equal((7, "out\n"), (ended.ExitCode, ended.Output));
        Assert.Equal("err\ncommand terminated with exit code 7\n", ended.Errors);
        var missing = await cluster.KubectlAsync(
            Environment(websockets), null, "-n", space.Name, "exec", "server", "--", "/no/such/program");
        Assert.NotEqual(0, missing.ExitCode);
        Assert.Contains("no such file or directory", missing.Errors, StringComparison.Ordinal);
    }

    // The command ends only when it is told that its input has ended.
    private async Task InputAsync(Space space, string websockets)
    {
        var input = string.Concat(
            Enumerable.Range(0, 300_000).Select(i => i.ToString("x8", CultureInfo.InvariantCulture) + "\n"));
        var ended = await ExecAsync(space, websockets, input, "md5sum");
        Assert.StartsWith(Sum(Encoding.UTF8.GetBytes(input)), ended.Required, StringComparison.Ordinal);
    }

    private async Task OutputAsync(Space space, string websockets)
    {
        var ended = await ExecAsync(space, websockets, null, "base64 /tmp/www/noise; cat /tmp/www/sum >&2");
        Assert.Equal(ended.Errors.Trim(), Sum(Convert.FromBase64String(ended.Required)));
    }

    private async Task PortsAsync(Space space, string websockets)
    {
        using var forward = cluster.StartKubectl(
            Environment(websockets), "-n", space.Name, "port-forward", "pod/server", ":8080", ":81");
        try
        {
            var (good, refused) = (await PortAsync(forward), await PortAsync(forward));
            using var http = new HttpClient();
            var bodies = await Task.WhenAll(
                Enumerable.Range(0, 4).Select(_ => http.GetByteArrayAsync($"http://127.0.0.1:{good}/noise")));
            var sum = (await http.GetStringAsync($"http://127.0.0.1:{good}/sum")).Trim();
            Assert.All(bodies, body => Assert.Equal(sum, Sum(body)));

            await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync($"http://127.0.0.1:{refused}/"));
            var said = await forward.StandardError.NextLineAsync();
            Assert.Matches("error forwarding port 81 to pod server, uid [0-9a-f-]{36}: ", said);
        }
        finally
        {
            forward.Kill();
        }
    }

    // "Forwarding from 127.0.0.1:PORT -> 8080", and for a machine with IPv6 a second line for [::1].
    private static async Task<string> PortAsync(System.Diagnostics.Process forward)
    {
        const string Start = "Forwarding from 127.0.0.1:";
        while (await forward.StandardOutput.NextLineAsync() is { } line)
        {
            if (line.StartsWith(Start, StringComparison.Ordinal))
            {
                return line[Start.Length..].Split(' ')[0];
            }
        }

        throw new InvalidOperationException($"port-forward ended: {await forward.StandardError.RestAsync()}");
    }

    private Task<Ended> ExecAsync(Space space, string websockets, string? input, string script) => cluster.KubectlAsync(
        Environment(websockets), input,
        ["-n", space.Name, "exec", .. input is null ? (string[])[] : ["-i"], "server", "--", "sh", "-c", script]);

    private static Dictionary<string, string> Environment(string websockets) => new()
    {
        ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = websockets, ["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = websockets,
    };

#pragma warning disable CA5351 // busybox has this sum, and nobody attacks it here
    private static string Sum(byte[] content) => Convert.ToHexStringLower(MD5.HashData(content));
#pragma warning restore CA5351
}
