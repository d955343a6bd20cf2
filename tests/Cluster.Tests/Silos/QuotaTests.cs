using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>A ResourceQuota holds against many who write through all silos at once.</summary>
[Collection("silos")]
public sealed class QuotaTests(SiloGroup group) : IClassFixture<SiloGroup>, IDisposable
{
    private const int Writers = 500;
    private const int Limit = 60;
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    private const string Quota = "/api/v1/namespaces/default/resourcequotas";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http = FailoverProbe.Client();

    /// <summary>
    /// A writer that gets no answer in time may have written or not; none that does passes the limit, and those who are
    /// refused are told why.
    /// </summary>
    [Fact]
    public async Task No_number_of_writers_passes_the_limit()
    {
        await MakeQuotaAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, Writers).Select(WriteAsync));

        var written = answers.Count(static a => a.Status == HttpStatusCode.Created);
        var list = JsonNode.Parse(await _http.GetStringAsync(new Uri(group.Silos[0].Url, Leases)))!;
        var there = list["items"]!.AsArray().Count;
        Assert.True(there <= Limit && written <= there, $"{written} were told that they wrote, {there} are there");
        Assert.Contains(answers, static a => a.Status == HttpStatusCode.Created);
        var refused = answers.Where(static a => a.Status == HttpStatusCode.Forbidden).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, static a => Assert.Contains(
            "exceeded quota: few, requested: count/leases.coordination.k8s.io=1", a.Text, StringComparison.Ordinal));
    }

    public void Dispose() => _http.Dispose();

    private async Task MakeQuotaAsync()
    {
        var hard = new JsonObject { ["count/leases.coordination.k8s.io"] = $"{Limit}" };
        using var made = await _http.PostAsJsonAsync(
            new Uri(group.Silos[0].Url, Quota),
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "few" }, ["spec"] = new JsonObject { ["hard"] = hard },
            },
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        // Its controller counts what is there; each silo has heard of it then.
        foreach (var silo in group.Silos)
        {
            await Patiently.UntilAsync(Patience, bound => IsCountedAsync(silo.Url, bound));
        }
    }

    private async Task<bool> IsCountedAsync(Uri url, CancellationToken cancellationToken)
    {
        var quota = JsonNode.Parse(
            await _http.GetStringAsync(new Uri(url, $"{Quota}/few?resourceVersion=0"), cancellationToken))!;
        return quota["status"]?["used"]?["count/leases.coordination.k8s.io"] is not null;
    }

    private async Task<(HttpStatusCode Status, string Text)> WriteAsync(int number)
    {
        using var answer = await _http.PostAsJsonAsync(
            new Uri(group.Silos[number % group.Silos.Count].Url, Leases),
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"lease-{number}" } },
            TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
