using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.GarbageCollection;

/// <summary>
/// Garbage collection over random graphs of owners (several owners, chains, circles, owners that never were), held
/// against a naive model: over and over, take away whoever has owners and none that is there.
/// </summary>
public sealed class CollectionReachabilityTests
{
    private const int MostObjects = 14;

    private static readonly string?[] Policies = [null, "Background", "Foreground", "Orphan"];

    [Fact]
    public void What_remains_is_what_an_owner_keeps() => Gen.Select(
        Gen.Int[2, MostObjects],
        Gen.Select(Gen.Int[0, MostObjects - 1], Gen.Int[0, MostObjects], Gen.Bool).Array[0, 24],
        Gen.Select(Gen.Int[0, MostObjects - 1], Gen.Int[0, 3]).Array[1, 5]).Check(Collect, cases: 300);

    private static void Collect(int count, (int Of, int Owner, bool Blocks)[] links, (int Object, int Policy)[] deletions)
    {
        var world = new World();
        var uids = Enumerable.Range(0, count).Select(i => world.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = $"o{i}", NamespaceProperty = "default" },
        }).Metadata.Uid).ToArray();

        // An object that blocks its own deletion waits for ever, here as upstream.
        var owners = Enumerable.Range(0, count).ToDictionary(i => i, _ => new Dictionary<int, bool>());
        foreach (var (of, owner, blocks) in links.Where(l => l.Of < count))
        {
            owners[of][Math.Min(owner, count)] = blocks && owner != of;
        }

        foreach (var (of, list) in owners)
        {
            world.Api.Change<V1ConfigMap>("default", $"o{of}", c => c.Metadata.OwnerReferences = [.. list.Select(o => new V1OwnerReference
            {
                ApiVersion = "v1",
                Kind = "ConfigMap",
                Name = $"o{o.Key}",
                Uid = o.Key < count ? uids[o.Key] : "never-was",
                BlockOwnerDeletion = o.Value,
            })]);
        }

        var model = owners.ToDictionary(o => o.Key, o => o.Value.Keys.ToHashSet());
        var collector = new GarbageCollector(world.Services);
        Settle(world, collector);
        Shrink(model);
        Assert.Equal(Names(model), Names(world));
        foreach (var (target, policy) in deletions.Where(d => model.ContainsKey(d.Object)))
        {
            world.Api.Delete<V1ConfigMap>("default", $"o{target}", Policies[policy]);
            Settle(world, collector);
            model.Remove(target);
            foreach (var dependents in model.Values.Where(_ => Policies[policy] == "Orphan"))
            {
                dependents.Remove(target);
            }

            Shrink(model);
            Assert.Equal(Names(model), Names(world));
        }
    }

    private static void Shrink(Dictionary<int, HashSet<int>> model)
    {
        while (model.FirstOrDefault(o => o.Value.Count > 0 && !o.Value.Any(model.ContainsKey)) is { Value: not null } lost)
        {
            model.Remove(lost.Key);
        }

        // Who keeps one owner loses the references to all that are gone.
        foreach (var (_, owners) in model)
        {
            owners.RemoveWhere(o => !model.ContainsKey(o));
        }
    }

    private static void Settle(World world, GarbageCollector collector)
    {
        long before;
        do
        {
            before = world.Api.Writes;
            collector.ResyncAsync(default).GetAwaiter().GetResult();
            collector.DrainAsync(default).GetAwaiter().GetResult();
            world.Time.Advance(TimeSpan.FromMinutes(1));
        }
        while (world.Api.Writes != before);
    }

    private static IEnumerable<string> Names(Dictionary<int, HashSet<int>> model) =>
        model.Keys.Select(i => $"o{i}").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Names(World world) =>
        world.Api.All<V1ConfigMap>().Select(c => c.Metadata.Name).Order(StringComparer.Ordinal);
}
