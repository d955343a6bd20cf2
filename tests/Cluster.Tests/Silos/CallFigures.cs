using System.Net.Http.Headers;
using System.Net.Http.Json;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>
/// Measures, rather than tests, what a call from one silo to another costs: writes of one object, and consistent reads,
/// through each of the silos; whichever of them does not hold the journal has to ask. Run on demand (<c>-explicit only
/// -class '*CallFigures'</c>).
/// </summary>
[Collection("silos")]
public sealed class CallFigures(ITestOutputHelper output)
{
    private const int Warmup = 2_000;
    private const int Calls = 4_000;

    [Fact(Explicit = true)]
    public async Task Reads_and_writes_through_each_silo()
    {
        await using var group = new SiloGroup();
        await group.InitializeAsync();
        using var http = FailoverProbe.Client();
        var space = new Uri(group.Silos[0].Url, "/api/v1/namespaces/default/configmaps");
        using (var created = await http.PostAsJsonAsync(space, new { metadata = new { name = "measured" } }))
        {
            created.EnsureSuccessStatusCode();
        }

        foreach (var silo in group.Silos)
        {
            var url = new Uri(silo.Url, "/api/v1/namespaces/default/configmaps/measured");
            await RunAsync(Warmup, () => ReadAsync(http, url));
            await MeasureAsync(group, $"read through {silo.Url.Host}", () => ReadAsync(http, url));
            await RunAsync(Warmup, () => WriteAsync(http, url));
            await MeasureAsync(group, $"write through {silo.Url.Host}", () => WriteAsync(http, url));
        }
    }

    private static async Task<List<double>> RunAsync(int calls, Func<Task> call)
    {
        var times = new List<double>(calls);
        for (var i = 0; i < calls; i++)
        {
            var began = TimeProvider.System.GetTimestamp();
            await call();
            times.Add(TimeProvider.System.GetElapsedTime(began).TotalMicroseconds);
        }

        return times;
    }

    private static async Task ReadAsync(HttpClient http, Uri url)
    {
        using var answer = await http.GetAsync(url);
        answer.EnsureSuccessStatusCode();
    }

    private static async Task WriteAsync(HttpClient http, Uri url)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, url);
        request.Content = JsonContent.Create(
            new { data = new { at = TimeProvider.System.GetTimestamp().ToString(System.Globalization.CultureInfo.InvariantCulture) } },
            new MediaTypeHeaderValue("application/merge-patch+json"));
        using var answer = await http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    private async Task MeasureAsync(SiloGroup group, string what, Func<Task> call)
    {
        var before = group.Silos.Sum(static s => s.ProcessorTime.TotalMicroseconds);
        var times = await RunAsync(Calls, call);
        var used = (group.Silos.Sum(static s => s.ProcessorTime.TotalMicroseconds) - before) / Calls;
        times.Sort();
        output.WriteLine($"{what}: p50 {times[Calls / 2]:F0} µs, p90 {times[Calls * 9 / 10]:F0} µs, CPU of the silos {used:F0} µs a call");
    }
}
