using System.Text;
using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Core.Namespaces;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Core.Namespaces;

public sealed class NamespacePlannerTests
{
    /// <summary>An object in the namespace, and how many of its finalizers' owners are slow.</summary>
    private sealed record Content(ResourceName Resource, string Name, int Finalizers)
    {
        public int Left { get; set; } = Finalizers;

        public bool IsDeleted { get; set; }
    }

    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly Gen<Content> Contents =
        from resource in Gen.OneOf(WellKnown.Pods, WellKnown.ConfigMaps, WellKnown.Secrets, WellKnown.Services)
        from number in Gen.Int[0, 5]
        from finalizers in Gen.OneOf(0, 0, 0, 1, 2)
        select new Content(resource, $"o{number}", finalizers);

    /// <summary>
    /// Carried out step by step, with an owner of finalizers who takes off one a step: pods go before all else, nothing
    /// is deleted twice, what remains is told as it is, and the namespace ends with the last object, not before.
    /// </summary>
    [Fact]
    public void A_namespace_empties_in_order_and_ends_when_it_is_empty() => Contents.Array[0, 12].Check(static drawn =>
    {
        var left = drawn.DistinctBy(static c => (c.Resource, c.Name))
            .Select(static c => new Content(c.Resource, c.Name, c.Finalizers)).ToList();
        var item = new V1Namespace
        {
            Metadata = new V1ObjectMeta { Name = "n", DeletionTimestamp = Now.UtcDateTime },
            Spec = new V1NamespaceSpec { Finalizers = [NamespacePlanner.Finalizer] },
            Status = new V1NamespaceStatus { Phase = "Terminating" },
        };
        for (var step = 0; ; step++)
        {
            Assert.True(step < 20, "it takes a step for pods, one for the rest, and two for each owner of finalizers");
            var plan = NamespacePlanner.Compute(item, Remaining(left), [], Now);
            item.Status.Conditions = [.. plan.Conditions ?? [.. item.Status.Conditions]];
            Assert.Equal(left.Count == 0, plan.Finalize);
            AssertTold(item, left);
            if (plan.Finalize)
            {
                return;
            }

            Carry(plan, left);
            left.ForEach(static c => c.Left -= c.IsDeleted && c.Left > 0 ? 1 : 0);
            left.RemoveAll(static c => c.IsDeleted && c.Left == 0);
        }
    });

    private static void Carry(NamespacePlan plan, List<Content> left)
    {
        var deleted = plan.Delete.SelectMany(static d => d.Items.Select(i => (d.Resource, i.Key.Name))).ToList();
        var hasPods = left.Exists(static c => c.Resource == WellKnown.Pods);
        var expected = left.Where(c => !c.IsDeleted && (!hasPods || c.Resource == WellKnown.Pods));
        Assert.Equal(expected.Select(static c => (c.Resource, c.Name)).ToHashSet(), deleted.ToHashSet());
        foreach (var content in left.Where(c => deleted.Contains((c.Resource, c.Name))))
        {
            content.IsDeleted = true;
        }
    }

    /// <summary>Of pods nothing is said while they end.</summary>
    private static void AssertTold(V1Namespace item, List<Content> left)
    {
        var told = item.Status.Conditions.ToDictionary(static c => c.Type, StringComparer.Ordinal);
        var isTold = left.Count > 0 && !left.Exists(static c => c.Resource == WellKnown.Pods);
        Assert.Equal(isTold ? "True" : "False", told["NamespaceContentRemaining"].Status);
        Assert.Equal(
            isTold && left.Exists(static c => c.Finalizers > 0) ? "True" : "False",
            told["NamespaceFinalizersRemaining"].Status);
        Assert.All(
            isTold ? left.CountBy(static c => c.Resource) : [],
            c => Assert.Contains(
                $"{c.Key.Plural}.{c.Key.Group} has {c.Value} resource instances",
                told["NamespaceContentRemaining"].Message, StringComparison.Ordinal));
    }

    private static List<RemainingContent> Remaining(List<Content> left) =>
    [
        .. left.GroupBy(static c => c.Resource)
            .Select(static g => new RemainingContent(g.Key, [.. g.Select(Object)])),
    ];

    private static ResourceObject Object(Content content)
    {
        var finalizers =
            string.Join(',', Enumerable.Range(0, content.Finalizers).Select(static i => $"\"example.com/f{i}\""));
        var deleted = content.IsDeleted ? ",\"deletionTimestamp\":\"2026-01-02T03:04:05Z\"" : "";
        var metadata = $$"""{"name":"{{content.Name}}","namespace":"n","finalizers":[{{finalizers}}]{{deleted}}}""";
        return new ResourceObject(
            new ObjectKey("n", content.Name), $"uid-{content.Name}", 1,
            Encoding.UTF8.GetBytes($$"""{"metadata":{{metadata}},"spec":{} }"""));
    }
}
