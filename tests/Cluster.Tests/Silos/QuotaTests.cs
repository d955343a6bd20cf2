using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Silos;

/// <summary>A ResourceQuota holds against many who write through all silos at once.</summary>
[Collection("silos")]
public sealed class QuotaTests(SiloGroup group) : IClassFixture<SiloGroup>, IDisposable
{
    private const int Writers = 500;
    private const int Limit = 60;
    private const int BeforeAKill = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http = FailoverProbe.Client();

    /// <summary>
    /// A writer that gets no answer in time may have written or not; none that does passes the limit, and those who are
    /// refused are told why. That is so too while the silo is killed that keeps the books of quotas.
    /// </summary>
    [Theory]
    [InlineData("quiet", false)]
    [InlineData("killed", true)]
    public async Task No_number_of_writers_passes_the_limit(string space, bool kills)
    {
        await MakeQuotaAsync(space);
        var place = await group.HolderAsync("resourcequotas");

        var first = await Task.WhenAll(Enumerable.Range(0, BeforeAKill).Select(i => WriteAsync(space, i)));
        var others = Enumerable.Range(BeforeAKill, Writers - BeforeAKill).Select(i => WriteAsync(space, i)).ToList();
        if (kills)
        {
            await group.Silos[place].KillAsync();
        }

        List<(HttpStatusCode? Status, string Text)> answers = [.. first, .. await Task.WhenAll(others)];
        var written = answers.Count(static a => a.Status == HttpStatusCode.Created);
        var there = await CountAsync(space);
        if (kills)
        {
            await group.StartAsync(place);
        }

        Assert.True(there <= Limit && written <= there, $"{written} were told that they wrote, {there} are there");
        Assert.Contains(answers, static a => a.Status == HttpStatusCode.Created);
        var refused = answers.Where(static a => a.Status == HttpStatusCode.Forbidden).ToList();
        Assert.NotEmpty(refused);
        Assert.All(refused, static a => Assert.Contains(
            "exceeded quota: few, requested: count/leases.coordination.k8s.io=1", a.Text, StringComparison.Ordinal));
    }

    public void Dispose() => _http.Dispose();

    private static string Leases(string space) => $"/apis/coordination.k8s.io/v1/namespaces/{space}/leases";

    private static string Quotas(string space) => $"/api/v1/namespaces/{space}/resourcequotas";

    private async Task MakeQuotaAsync(string space)
    {
        using var home = await _http.PostAsJsonAsync(
            new Uri(group.Silos[0].Url, "/api/v1/namespaces"),
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = space } },
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, home.StatusCode);
        var hard = new JsonObject { ["count/leases.coordination.k8s.io"] = $"{Limit}" };
        using var made = await _http.PostAsJsonAsync(
            new Uri(group.Silos[0].Url, Quotas(space)),
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "few" }, ["spec"] = new JsonObject { ["hard"] = hard },
            },
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);

        // Its controller counts what is there; each silo has heard of it then.
        foreach (var silo in group.Silos)
        {
            await Patiently.UntilAsync(Patience, bound => IsCountedAsync(silo.Url, space, bound));
        }
    }

    private async Task<bool> IsCountedAsync(Uri url, string space, CancellationToken cancellationToken)
    {
        using var answer = await _http.GetAsync(
            new Uri(url, $"{Quotas(space)}/few?resourceVersion=0"), cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            return false;
        }

        var quota = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))!;
        return quota["status"]?["used"]?["count/leases.coordination.k8s.io"] is not null;
    }

    private async Task<int> CountAsync(string space)
    {
        var up = group.Silos.First(static s => s.IsUp);
        using var answer = await _http.AnsweredAsync(
            () => new HttpRequestMessage(HttpMethod.Get, new Uri(up.Url, Leases(space))));
        var list = JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        return list["items"]!.AsArray().Count;
    }

    /// <summary>No status when the silo was gone that was asked.</summary>
    private async Task<(HttpStatusCode? Status, string Text)> WriteAsync(string space, int number)
    {
        try
        {
            using var answer = await _http.PostAsJsonAsync(
                new Uri(group.Silos[number % group.Silos.Count].Url, Leases(space)),
                new JsonObject { ["metadata"] = new JsonObject { ["name"] = $"lease-{number}" } },
                TestContext.Current.CancellationToken);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException)
        {
            return (null, lost.Message);
        }
    }
}
