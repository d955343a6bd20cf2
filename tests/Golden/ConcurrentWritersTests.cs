using System.Text;
using k8s.Models;
using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Golden;

/// <summary>Writers that race for one object through the whole pipeline.</summary>
public sealed class ConcurrentWritersTests
{
    private const int Writers = 12;
    private const int WritesEach = 25;

    /// <summary>What was acknowledged is there, what was refused is not.</summary>
    [Fact]
    public async Task NoAcknowledgedPatchIsLost()
    {
        await using var host = await GoldenHost.StartAsync();
        var client = host.Services.GetRequiredService<IResourceClient>();
        var key = new ObjectKey("default", "contended");
        await client.CreateAsync(
            new CreateRequest { Resource = WellKnown.ConfigMaps, Namespace = "default", Json = Encoding.UTF8.GetBytes("{\"metadata\":{\"name\":\"contended\"}}") },
            CancellationToken.None);
        var acknowledged = await Task.WhenAll(
            Enumerable.Range(0, Writers).Select(w => Task.Run(() => WriteAsync(client, key, w))));
        var item = await client.GetAsync(WellKnown.ConfigMaps, key, ReadFreshness.Linearizable, CancellationToken.None);
        var stored = item.Required.As<V1ConfigMap>().Data.Keys.Order(StringComparer.Ordinal);
        Assert.Equal(acknowledged.SelectMany(a => a).Order(StringComparer.Ordinal), stored);
    }

    /// <summary>
    /// Requests go through the object's grain, controllers past it to the journal: neither loses what the other wrote,
    /// and a deletion by one is known to the other.
    /// </summary>
    [Fact]
    public async Task WritersPastTheObjectsGrainAndThroughItLoseNothing()
    {
        await using var host = await GoldenHost.StartAsync();
        var client = host.Services.GetRequiredService<IResourceClient>();
        using var http = new HttpClient { BaseAddress = host.Address };
        http.DefaultRequestHeaders.Add("Authorization", $"Bearer {GoldenHost.Token}");
        var key = new ObjectKey("default", "mixed");
        await client.CreateAsync(
            new CreateRequest { Resource = WellKnown.ConfigMaps, Namespace = "default", Json = Encoding.UTF8.GetBytes("{\"metadata\":{\"name\":\"mixed\"}}") },
            CancellationToken.None);
        var acknowledged = await Task.WhenAll(Enumerable.Range(0, Writers).Select(w =>
            Task.Run(() => w % 2 == 0 ? WriteAsync(client, key, w) : WriteAsync(http, key, w))));
        Assert.All(acknowledged, a => Assert.NotEmpty(a));
        var item = await client.GetAsync(WellKnown.ConfigMaps, key, ReadFreshness.Linearizable, CancellationToken.None);
        var stored = item.Required.As<V1ConfigMap>().Data.Keys.Order(StringComparer.Ordinal);
        Assert.Equal(acknowledged.SelectMany(a => a).Order(StringComparer.Ordinal), stored);

        var deleted = await client.DeleteAsync(
            new DeleteRequest { Resource = WellKnown.ConfigMaps, Key = key }, CancellationToken.None);
        Assert.True(deleted.Succeeded);
        var again = await http.DeleteAsync(new Uri("/api/v1/namespaces/default/configmaps/mixed", UriKind.Relative));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, again.StatusCode);
    }

    /// <summary>Of many creates of one name, exactly one succeeds; the others hear AlreadyExists.</summary>
    [Fact]
    public async Task OneCreateWins()
    {
        await using var host = await GoldenHost.StartAsync();
        var client = host.Services.GetRequiredService<IResourceClient>();
        var request = new CreateRequest
        {
            Resource = WellKnown.ConfigMaps, Namespace = "default", Json = Encoding.UTF8.GetBytes("{\"metadata\":{\"name\":\"one\"}}"),
        };
        var outcomes = await Task.WhenAll(
            Enumerable.Range(0, Writers).Select(_ => Task.Run(async () => await client.CreateAsync(request, CancellationToken.None))));
        Assert.Equal(1, outcomes.Count(o => o.Succeeded));
        Assert.All(outcomes.Where(o => !o.Succeeded), o => Assert.Equal(StatusReasons.AlreadyExists, o.Error!.Reason));
    }

    private static async Task<List<string>> WriteAsync(IResourceClient client, ObjectKey key, int writer)
    {
        var acknowledged = new List<string>();
        for (var i = 0; i < WritesEach; i++)
        {
            var name = $"w{writer}-{i}";
            var outcome = await client.PatchAsync(
                new PatchRequest
                {
                    Resource = WellKnown.ConfigMaps, Key = key, Kind = PatchKind.Merge,
                    Patch = Encoding.UTF8.GetBytes($"{{\"data\":{{\"{name}\":\"x\"}}}}"),
                },
                CancellationToken.None);
            if (outcome.Succeeded)
            {
                acknowledged.Add(name);
            }
            else
            {
                Assert.Equal(StatusReasons.Conflict, outcome.Error.Reason);
            }
        }

        return acknowledged;
    }

    private static async Task<List<string>> WriteAsync(HttpClient http, ObjectKey key, int writer)
    {
        var acknowledged = new List<string>();
        for (var i = 0; i < WritesEach; i++)
        {
            var name = $"w{writer}-{i}";
            using var patch = new StringContent(
                $"{{\"data\":{{\"{name}\":\"x\"}}}}", Encoding.UTF8, "application/merge-patch+json");
            using var answer = await http.PatchAsync(
                new Uri($"/api/v1/namespaces/{key.Namespace}/configmaps/{key.Name}", UriKind.Relative), patch);
            if (answer.IsSuccessStatusCode)
            {
                acknowledged.Add(name);
            }
            else
            {
                Assert.Equal(System.Net.HttpStatusCode.Conflict, answer.StatusCode);
            }
        }

        return acknowledged;
    }
}
