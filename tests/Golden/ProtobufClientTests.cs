using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// kubectl's typed clients, which are client-go's, speak protobuf in both directions, events of watches included.
/// Skipped where the test script has not installed kubectl.
/// </summary>
public sealed class ProtobufClientTests
{
    private const string Protobuf = "Content-Type: application/vnd.kubernetes.protobuf";

    private const string Pod =
        """{"metadata":{"name":"lonely"},"spec":{"containers":[{"name":"c","image":"registry.test/lonely:1"}]}}""";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static string Kubectl => Path.Combine(
        Environment.GetEnvironmentVariable("ORC_TOOLS")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/orc/tools"),
        "kubectl");

    [Fact]
    public async Task KubectlUnderstandsWhatItAskedFor()
    {
        Assert.SkipUnless(File.Exists(Kubectl), $"{Kubectl} is not installed");
        var host = await StartAsync();
        await using var server = new Server(host);
        await SaysAsync(host, "created", "create", "deployment", "web", "--image=registry.test/web:1", "--replicas=2");
        await SaysAsync(host, "created", "create", "configmap", "settings", "--from-literal=key=value");
        await SaysAsync(host, "created", "create", "secret", "generic", "hidden", "--from-literal=key=value");
        await SaysAsync(host, "created", "create", "serviceaccount", "default");
        await server.SendAsync("POST", "/api/v1/namespaces/default/pods", Pod);
        await SaysAsync(host, "registry.test/web:1", "describe", "deployment", "web");
        await SaysAsync(host, "value", "describe", "configmap", "settings");
        await SaysAsync(host, "key:  5 bytes", "describe", "secret", "hidden");
        await SaysAsync(host, "registry.test/lonely:1", "describe", "pod", "lonely");
        await SaysAsync(host, "default", "describe", "namespace", "default");
        await SaysAsync(host, "eyJ", "create", "token", "default");
    }

    [Fact]
    public async Task EventsOfAWatchReachKubectl()
    {
        Assert.SkipUnless(File.Exists(Kubectl), $"{Kubectl} is not installed");
        var host = await StartAsync();
        await using var server = new Server(host);
        await server.SendAsync("POST", "/api/v1/namespaces/default/events", Event("before", "Early"));
        var watch = SaysAsync(host, "Late", "events", "--watch", "--request-timeout=5s");
        await Patiently.UntilAsync(TimeSpan.FromMinutes(2), async _ =>
        {
            await server.SendAsync("POST", "/api/v1/namespaces/default/events", Event("", "Late"));
            return watch.IsCompleted;
        });
        await watch;
    }

    private static Task<GoldenHost> StartAsync() =>
        GoldenHost.StartAsync(configure: s => s.AddSingleton<IStartupFilter, TokenFilter>());

    private static string Event(string name, string reason) =>
        $$"""
        {"metadata": {"name": "{{name}}", "generateName": "e"}, "reason": "{{reason}}", "message": "m",
        "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"} }
        """;

    /// <summary>Runs kubectl, which is to say something and to have got protobuf from the server.</summary>
    private static async Task SaysAsync(GoldenHost host, string expected, params string[] arguments)
    {
        using var kubectl = new Process();
        kubectl.StartInfo = new ProcessStartInfo(
            Kubectl, ["--server", host.Address.ToString(), "-v=8", .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        kubectl.StartInfo.Environment["HOME"] = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        kubectl.Start();
        var output = kubectl.StandardOutput.ReadToEndAsync();
        var errors = kubectl.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        await kubectl.WaitForExitAsync(patience.Token);
        var said = $"{await output}\n{await errors}";
        Assert.True(
            said.Contains(expected, StringComparison.Ordinal) && said.Contains(Protobuf, StringComparison.Ordinal),
            $"kubectl {string.Join(' ', arguments)}\n{said}");
    }

    /// <summary>kubectl sends its token over TLS alone.</summary>
    internal sealed class TokenFilter : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, rest) =>
            {
                context.Request.Headers.Authorization = $"Bearer {GoldenHost.Token}";
                return rest(context);
            });
            next(app);
        };
    }
}
