using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.GarbageCollection;
using OrleansOrchestrator.Grains.Tests.Reconciling;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.GarbageCollection;

/// <summary>
/// Garbage collection over random graphs of owners (several owners, chains, circles, owners that never were, some of
/// all on another server), held against a naive model: over and over, take away whoever has owners and none that is
/// there.
/// </summary>
public sealed class CollectionReachabilityTests
{
    private const int MostObjects = 14;

    private static readonly string?[] Policies = [null, "Background", "Foreground", "Orphan"];

    [Fact]
    public void What_remains_is_what_an_owner_keeps() => Gen.Select(
        Gen.Const(0u),
        Gen.Int[2, MostObjects],
        Gen.Select(Gen.Int[0, MostObjects - 1], Gen.Int[0, MostObjects], Gen.Bool).Array[0, 24],
        Gen.Select(Gen.Int[0, MostObjects - 1], Gen.Int[0, 3]).Array[1, 5]).Check(Collect, cases: 300);

    [Fact]
    public void It_is_the_same_when_some_live_on_another_server() => Gen.Select(
        Gen.UInt,
        Gen.Int[2, MostObjects],
        Gen.Select(Gen.Int[0, MostObjects - 1], Gen.Int[0, MostObjects], Gen.Bool).Array[0, 24],
        Gen.Select(Gen.Int[0, MostObjects - 1], Gen.Int[0, 3]).Array[1, 5]).Check(Collect, cases: 200);

    private static void Collect(
        uint there, int count, (int Of, int Owner, bool Blocks)[] links, (int Object, int Policy)[] deletions)
    {
        var world = new World();
        var boats = there == 0 ? null : new Boats(world.Apis);
        bool IsThere(int i) => (there >> i & 1) != 0;
        string Seed(int i) => world.Api.Seed(new V1ConfigMap
        {
            Metadata = new V1ObjectMeta { Name = $"o{i}", NamespaceProperty = "default" },
        }).Metadata.Uid;
        var uids = Enumerable.Range(0, count).Select(i => IsThere(i) ? boats!.Seed($"o{i}") : Seed(i)).ToArray();

        // An object that blocks its own deletion waits for ever, here as upstream.
        var owners = Enumerable.Range(0, count).ToDictionary(i => i, _ => new Dictionary<int, bool>());
        foreach (var (of, owner, blocks) in links.Where(l => l.Of < count))
        {
            owners[of][Math.Min(owner, count)] = blocks && owner != of;
        }

        foreach (var (of, list) in owners)
        {
            List<V1OwnerReference> references = [.. list.Select(o => new V1OwnerReference
            {
                ApiVersion = o.Key < count && IsThere(o.Key) ? "harbour.example.com/v1" : "v1",
                Kind = o.Key < count && IsThere(o.Key) ? "Boat" : "ConfigMap",
                Name = $"o{o.Key}",
                Uid = o.Key < count ? uids[o.Key] : "never-was",
                BlockOwnerDeletion = o.Value,
            })];
            if (IsThere(of))
            {
                boats!.Own($"o{of}", references);
            }
            else
            {
                world.Api.Change<V1ConfigMap>("default", $"o{of}", c => c.Metadata.OwnerReferences = references);
            }
        }

        var model = owners.ToDictionary(o => o.Key, o => o.Value.Keys.ToHashSet());
        var collector = new GarbageCollector(world.Services);
        Settle(world, boats, collector);
        Shrink(model);
        Assert.Equal(Names(model), Names(world, boats));
        foreach (var (target, policy) in deletions.Where(d => model.ContainsKey(d.Object)))
        {
            if (IsThere(target))
            {
                boats!.Delete($"o{target}", Policies[policy]);
            }
            else
            {
                world.Api.Delete<V1ConfigMap>("default", $"o{target}", Policies[policy]);
            }

            Settle(world, boats, collector);
            model.Remove(target);
            foreach (var dependents in model.Values.Where(_ => Policies[policy] == "Orphan"))
            {
                dependents.Remove(target);
            }

            Shrink(model);
            Assert.Equal(Names(model), Names(world, boats));
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

    /// <summary>What of another server is asked for in one round is known in the next.</summary>
    private static void Settle(World world, Boats? boats, GarbageCollector collector)
    {
        for (var idle = 0; idle < (boats is null ? 1 : 3); idle++)
        {
            var before = (world.Api.Writes, boats?.Writes);
            collector.ResyncAsync(default).GetAwaiter().GetResult();
            collector.DrainAsync(default).GetAwaiter().GetResult();
            world.Time.Advance(TimeSpan.FromMinutes(1));
            idle = before == (world.Api.Writes, boats?.Writes) ? idle : -1;
        }
    }

    private static IEnumerable<string> Names(Dictionary<int, HashSet<int>> model) =>
        model.Keys.Select(i => $"o{i}").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Names(World world, Boats? boats) =>
        world.Api.All<V1ConfigMap>().Select(c => c.Metadata.Name).Concat(boats?.Names ?? [])
            .Order(StringComparer.Ordinal);
}
