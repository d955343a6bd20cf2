using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Grains.Apps.ControllerRevisions;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Apps.ControllerRevisions;

public sealed class RevisionHistoryTests
{
    [Fact]
    public void A_patch_has_its_keys_in_order_and_puts_its_template_back()
    {
        var patch = RevisionHistory.Patch(World.Template("web"));
        Assert.Equal(
            """{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"app":"web"}}""" +
            ""","spec":{"containers":[{"image":"demo:1","name":"main","resources":{}}]}}}}""",
            JsonSerializer.Serialize(patch));
        var back = RevisionHistory.Template(Revision(1, patch));
        Assert.True(JsonElement.DeepEquals(patch, RevisionHistory.Patch(back)));
    }

    /// <summary>FNV-1 (not 1a) over the patch as Go writes it and the number of collisions.</summary>
    [Fact]
    public void A_hash_is_upstreams()
    {
        var quoted = JsonSerializer.SerializeToElement("<");
        Assert.NotEqual(RevisionHistory.Hash(quoted, 0), RevisionHistory.Hash(quoted, 1));
        Assert.Equal(Letters(Fnv("\"\\u003c\"0")), RevisionHistory.Hash(quoted, 0));

        static uint Fnv(string text) => text.Aggregate(2166136261u, (hash, c) => unchecked(hash * 16777619) ^ c);

        static string Letters(uint hash) => string.Concat(
            $"{hash}".Select(digit => "bcdfghjklmnpqrstvwxz2456789"[digit % 27]));
    }

    [Fact]
    public void A_template_is_new_the_newest_or_comes_back()
    {
        var one = RevisionHistory.Patch(World.Template("web"));
        var two = RevisionHistory.Patch(World.Template("web", "demo:2"));
        var other = RevisionHistory.Patch(World.Template("api"));
        List<V1ControllerRevision> history = [Revision(3, one), Revision(7, two)];
        Assert.Equal(new RevisionStep(null, 1), RevisionHistory.Next([], one));
        Assert.Equal(new RevisionStep(history[1], 7), RevisionHistory.Next(history, two));
        Assert.Equal(new RevisionStep(history[0], 8), RevisionHistory.Next(history, one));
        Assert.True(RevisionHistory.Next(history, one).IsReturn);
        Assert.Equal(new RevisionStep(null, 8), RevisionHistory.Next(history, other));
    }

    [Theory]
    [InlineData(-1, "")]
    [InlineData(0, "1,3")]
    [InlineData(1, "1")]
    [InlineData(5, "")]
    public void The_oldest_that_nothing_lives_by_go(int limit, string expected)
    {
        var patch = RevisionHistory.Patch(World.Template("web"));
        var history = Enumerable.Range(1, 3).Select(n => Revision(n, patch));
        var gone = RevisionHistory.Surplus(history, r => r.Revision == 2, limit);
        Assert.Equal(expected, string.Join(",", gone.Select(r => r.Revision)));
    }

    /// <summary>Else its name would be taken for that of another template, and every pod be replaced.</summary>
    [Fact]
    public async Task A_revision_that_cannot_be_read_is_told()
    {
        var world = new World();
        var revision = Revision(1, RevisionHistory.Patch(World.Template("web")));
        revision.Metadata.NamespaceProperty = "default";
        Assert.NotNull(await RevisionHistory.CreateAsync(world.Api, revision, default));
        Assert.NotNull(await RevisionHistory.CreateAsync(world.Api, revision, default));
        world.Api.BeforeRead = static (_, _) => StatusErrors.ServiceUnavailable("no store");
        await Assert.ThrowsAsync<ReconcileException>(() => RevisionHistory.CreateAsync(world.Api, revision, default));
    }

    private static V1ControllerRevision Revision(long number, JsonElement patch) => new()
    {
        Metadata = new V1ObjectMeta { Name = $"web-{number}" }, Data = patch, Revision = number,
    };
}
