using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.ApiRegistration.ApiServices;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.ApiRegistration.ApiServices;

public sealed class ApiServicePlannerTests
{
    private const int Right = 100;
    private const int Wrong = 7;

    private static readonly string[] Names = ["v1.a", "v1.b", "v2.b"];

    /// <summary>Who keeps one: nobody has it, others do, or upstream's two ways.</summary>
    private static readonly Gen<string?> Keepers = Gen.OneOf<string?>(null, "", "onstart", "true");

    private static readonly Gen<string?> Wanted = Gen.OneOf<string?>(null, "onstart", "true");

    /// <summary>Whatever there is of each name, one look leads to what it is to be, and a second finds all
    /// well.</summary>
    [Fact]
    public void Each_name_is_what_it_is_to_be() => Gen.Select(
        Wanted.Array[3], Keepers.Array[3], Gen.Bool.Array[3], Gen.Bool).Check((wanted, kept, right, isStart) =>
    {
        var desired = Names.Zip(wanted).Where(n => n.Second is not null)
            .Select(n => Item(n.First, n.Second!, Right)).ToList();
        var current = Names.Select((n, i) => kept[i] is { } by ? Item(n, by, right[i] ? Right : Wrong) : null)
            .OfType<V1APIService>().ToList();
        var after = Apply(current, ApiServicePlanner.Compute(desired, current, isStart));
        var expected = Names.SelectMany((n, i) => Naive(wanted[i], kept[i], right[i], isStart) is { } item
            ? [$"{n} {item.By} {item.Priority}"]
            : Array.Empty<string>());
        Assert.Equal(expected, after.Select(a => $"{a.Metadata.Name} {By(a)} {a.Spec.VersionPriority}"));

        var again = ApiServicePlanner.Compute(desired, after, isStart);
        Assert.True(again is { Create: [], Update: [], Delete: [] }, "what is right is left alone");
    }, cases: 1000);

    private static (string By, int Priority)? Naive(string? wanted, string? kept, bool isRight, bool isStart)
    {
        var unchanged = kept is null ? ((string, int)?)null : (kept, isRight ? Right : Wrong);
        switch (kept)
        {
            case "": // somebody's own
                return unchanged;
            case null: // is made when it is its time
                return wanted == "true" || (wanted == "onstart" && isStart) ? (wanted, Right) : null;
            case "onstart" when !isStart: // was seen to when the server started
                return unchanged;
            default:
                return wanted is null ? null
                    : wanted == "onstart" && !isStart ? unchanged
                    : (kept, Right);
        }
    }

    private static List<V1APIService> Apply(List<V1APIService> current, ApiServicePlan plan)
    {
        var items = current.ToDictionary(c => c.Metadata.Name, StringComparer.Ordinal);
        foreach (var item in plan.Create)
        {
            items.Add(item.Metadata.Name, item);
        }

        foreach (var item in plan.Update)
        {
            Assert.True(items.ContainsKey(item.Metadata.Name));
            items[item.Metadata.Name] = item;
        }

        foreach (var item in plan.Delete)
        {
            Assert.True(items.Remove(item.Metadata.Name));
        }

        return [.. items.Values.OrderBy(i => i.Metadata.Name, StringComparer.Ordinal)];
    }

    private static string By(V1APIService item) =>
        item.Metadata.Labels.TryGetValue(ApiServicePlanner.Label, out var by) ? by : "";

    private static V1APIService Item(string name, string by, int priority)
    {
        var parts = name.Split('.');
        var labels = new Dictionary<string, string> { ["x"] = "y" };
        if (by.Length > 0)
        {
            labels[ApiServicePlanner.Label] = by;
        }

        return new V1APIService
        {
            Metadata = new V1ObjectMeta { Name = name, Labels = labels },
            Spec = new V1APIServiceSpec
            {
                Group = parts[1], Version = parts[0], GroupPriorityMinimum = 1000, VersionPriority = priority,
            },
        };
    }
}
