using System.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>
/// Server-side apply as people use it, with kubectl. Skipped where the test script has not installed kubectl.
/// </summary>
public sealed class KubectlApplyTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static string Kubectl => Path.Combine(
        Environment.GetEnvironmentVariable("ORC_TOOLS")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/orc/tools"),
        "kubectl");

    [Fact]
    public async Task TwoManagersConflictUntilOneForces()
    {
        Assert.SkipUnless(File.Exists(Kubectl), $"{Kubectl} is not installed");
        await using var host = await StartAsync();
        await SaysAsync(
            host, "serverside-applied", Settings("1"), "apply", "--server-side", "--field-manager=a", "-f", "-");
        await SaysAsync(
            host, "conflict with \"a\": .data.key", Settings("2"),
            "apply", "--server-side", "--field-manager=b", "-f", "-");
        await SaysAsync(
            host, "+  key: \"2\"", Settings("2"),
            "diff", "--server-side", "--force-conflicts", "--field-manager=b", "-f", "-");
        await SaysAsync(
            host, "serverside-applied", Settings("2"),
            "apply", "--server-side", "--force-conflicts", "--field-manager=b", "-f", "-");
        await SaysAsync(host, "manager: b", "", "get", "configmap", "settings", "-o", "yaml", "--show-managed-fields");
    }

    [Fact]
    public async Task WhatOlderClientsAppliedGoesOnWithoutConflicts()
    {
        Assert.SkipUnless(File.Exists(Kubectl), $"{Kubectl} is not installed");
        await using var host = await StartAsync();
        await SaysAsync(host, "created", Settings("1"), "apply", "-f", "-");
        await SaysAsync(host, "serverside-applied", Settings("2"), "apply", "--server-side", "-f", "-");
        await SaysAsync(host, "{\"key\":\"2\"}", "", "get", "configmap", "settings", "-o", "jsonpath={.data}");
        await SaysAsync(
            host, "serverside-applied", Settings("2").Replace("key", "other", StringComparison.Ordinal),
            "apply", "--server-side", "-f", "-");
        await SaysAsync(host, "{\"other\":\"2\"}", "", "get", "configmap", "settings", "-o", "jsonpath={.data}");
    }

    private static Task<GoldenHost> StartAsync() =>
        GoldenHost.StartAsync(configure: s => s.AddSingleton<IStartupFilter, ProtobufClientTests.TokenFilter>());

    private static string Settings(string value) =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings"},"data":{"key":"{{{value}}}"}}""";

    private static async Task SaysAsync(GoldenHost host, string expected, string input, params string[] arguments)
    {
        using var kubectl = new Process();
        kubectl.StartInfo = new ProcessStartInfo(Kubectl, ["--server", host.Address.ToString(), .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        kubectl.StartInfo.Environment["HOME"] = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        kubectl.Start();
        var output = kubectl.StandardOutput.ReadToEndAsync();
        var errors = kubectl.StandardError.ReadToEndAsync();
        await kubectl.StandardInput.WriteAsync(input);
        kubectl.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        await kubectl.WaitForExitAsync(patience.Token);
        var said = $"{await output}\n{await errors}";
        Assert.True(
            said.Contains(expected, StringComparison.Ordinal), $"kubectl {string.Join(' ', arguments)}\n{said}");
    }
}
