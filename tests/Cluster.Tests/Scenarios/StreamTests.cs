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
            var said = await forward.StandardError.ReadLineAsync();
            Assert.Contains("error forwarding port 81 to pod server, uid : ", said, StringComparison.Ordinal);
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
        while (await forward.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Start, StringComparison.Ordinal))
            {
                return line[Start.Length..].Split(' ')[0];
            }
        }

        throw new InvalidOperationException($"port-forward ended: {await forward.StandardError.ReadToEndAsync()}");
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
