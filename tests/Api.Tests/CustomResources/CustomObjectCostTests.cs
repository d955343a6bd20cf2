using System.Diagnostics;
using System.Globalization;
using OrleansOrchestrator.Api.Tests.Admission.Webhooks;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.CustomResources;

/// <summary>
/// What custom objects cost beside ConfigMaps, and what many definitions cost. Figures are printed and not judged:
/// machines differ. Run with <c>-explicit only</c>.
/// </summary>
public sealed class CustomObjectCostTests(ITestOutputHelper output)
{
    private const int Objects = 1000;
    private const int Lists = 20;
    private const int Definitions = 500;
    private const string ConfigMaps = "/api/v1/namespaces/space/configmaps";
    private const string Widgets = "/apis/w0.example.com/v1/namespaces/space/widgets";

    [Fact(Explicit = true)]
    public async Task ObjectsAreMeasuredBesideConfigMaps()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.DefineAsync(Definition(0));
        var values = string.Join(',', Enumerable.Range(0, 10).Select(i => $"\"k{i}\":\"value {i}\""));
        await CompareAsync("create", Objects, (path, i) => host.PostAsync(
            path, $"{{{Kind(path)}\"metadata\":{{\"name\":\"n{i}\"}},\"data\":{{{values}}}}}"));
        await CompareAsync("get", Objects, (path, i) => host.SendAsync(HttpMethod.Get, $"{path}/n{i}"));
        await CompareAsync("list", Lists, (path, _) => host.SendAsync(HttpMethod.Get, path));
    }

    [Fact(Explicit = true)]
    public async Task DefinitionsAreMeasured()
    {
        await using var host = await WebhookHost.StartAsync();
        await host.DefineAsync(Definition(0));
        await host.SendAsync(HttpMethod.Get, Widgets);
        var (before, start) = (GC.GetTotalMemory(forceFullCollection: true), Stopwatch.GetTimestamp());
        for (var i = 1; i <= Definitions; i++)
        {
            await host.DefineAsync(Definition(i));
        }

        await host.SendAsync(HttpMethod.Get, $"/apis/w{Definitions}.example.com/v1/widgets");
        var elapsed = Stopwatch.GetElapsedTime(start);
        var added = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1024.0 / 1024;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Definitions} definitions: {added:F0} MiB, served {elapsed.TotalSeconds:F1} s after the first was sent"));
    }

    /// <summary>One after the other, so that both have the same machine.</summary>
    private async Task CompareAsync(string what, int times, Func<string, string, Task> ask)
    {
        var (plain, custom) = (TimeSpan.Zero, TimeSpan.Zero);
        for (var i = 0; i < times; i++)
        {
            var name = i.ToString(CultureInfo.InvariantCulture);
            var start = Stopwatch.GetTimestamp();
            await ask(ConfigMaps, name);
            plain += Stopwatch.GetElapsedTime(start);
            start = Stopwatch.GetTimestamp();
            await ask(Widgets, name);
            custom += Stopwatch.GetElapsedTime(start);
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: ConfigMap {plain.TotalMicroseconds / times:F0} µs, custom object "
            + $"{custom.TotalMicroseconds / times:F0} µs: {custom / plain:F2} times"));
    }

    private static string Kind(string path) =>
        path == Widgets ? "\"apiVersion\":\"w0.example.com/v1\",\"kind\":\"Widget\"," : "";

    private static string Definition(int number)
    {
        var fields = string.Join(',', Enumerable.Range(0, 10).Select(i => $"\"k{i}\":{{\"type\":\"string\"}}"));
        const string Template = """
            {"metadata":{"name":"widgets.wNUMBER.example.com"},"spec":{"group":"wNUMBER.example.com",
            "scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},
            "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":
            {"type":"object","properties":{"data":{"type":"object","properties":{FIELDS}}}}}}]}}
            """;
        return Template.Replace("NUMBER", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("FIELDS", fields, StringComparison.Ordinal);
    }
}
