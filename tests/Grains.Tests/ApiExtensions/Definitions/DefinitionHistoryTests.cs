using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.ApiExtensions.Definitions;

/// <summary>
/// Definitions of one group that want names of each other: whoever comes to them in whichever order, no name is ever
/// two definitions', and what was served once is served.
/// </summary>
public sealed class DefinitionHistoryTests
{
    private static readonly string[] Plurals = ["boats", "ships", "cars"];

    private static readonly Gen<(int At, string Kind, string Short)> Wishes = Gen.Select(
        Gen.Int[0, Plurals.Length - 1], Gen.OneOf("Boat", "Ship", "Car"), Gen.OneOf("b", "s", "boats"));

    [Fact]
    public void No_name_is_ever_two_definitions() => Wishes.Array[1, 10].Check(wishes =>
    {
        var all = Plurals.Select(Definition).ToList();
        var established = new HashSet<string>();
        foreach (var (at, kind, shortName) in wishes)
        {
            all[at].Spec.Names.Kind = kind;
            all[at].Spec.Names.ListKind = $"{kind}List";
            all[at].Spec.Names.ShortNames = [shortName];
            foreach (var item in all)
            {
                DefinitionPlanner.Establish(
                    item, all.Where(o => o != item).Select(o => DefinitionFacts.Of(o)), DateTime.UnixEpoch);
            }

            Assert.Distinct(all.SelectMany(d => new[] { d.Status.AcceptedNames.Kind }).OfType<string>());
            foreach (var (i, one) in all.Index())
            {
                var others = all.Where((_, j) => j != i).SelectMany(Resources).ToHashSet();
                Assert.DoesNotContain(Resources(one), others.Contains);
            }

            established.UnionWith(all.Where(IsServed).Select(d => d.Metadata.Name));
            Assert.All(all.Where(d => established.Contains(d.Metadata.Name)), d => Assert.True(IsServed(d)));
            Assert.All(all, d => Assert.Equal(
                Has(d), DefinitionConditions.IsTrue(d, DefinitionConditions.NamesAccepted)));
        }
    }, cases: 300);

    private static bool IsServed(V1CustomResourceDefinition item) =>
        DefinitionConditions.IsTrue(item, DefinitionConditions.Established);

    /// <summary>It has all the names that it wants.</summary>
    private static bool Has(V1CustomResourceDefinition item)
    {
        var (wanted, accepted) = (item.Spec.Names, item.Status.AcceptedNames);
        return (wanted.Plural, wanted.Kind, wanted.ListKind) == (accepted.Plural, accepted.Kind, accepted.ListKind)
            && (wanted.ShortNames ?? []).SequenceEqual(accepted.ShortNames ?? []);
    }

    private static IEnumerable<string> Resources(V1CustomResourceDefinition item)
    {
        var names = item.Status.AcceptedNames;
        return (names.ShortNames ?? []).Append(names.Plural).OfType<string>().Distinct();
    }

    private static V1CustomResourceDefinition Definition(string plural) => new()
    {
        Metadata = new V1ObjectMeta { Name = $"{plural}.example.com" },
        Spec = new V1CustomResourceDefinitionSpec
        {
            Group = "example.com",
            Names = new V1CustomResourceDefinitionNames { Plural = plural, Kind = plural, ListKind = $"{plural}List" },
            Versions = [],
        },
    };
}
