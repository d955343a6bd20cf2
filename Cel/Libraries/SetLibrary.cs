using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>Lists taken as sets.</summary>
internal static class SetLibrary
{
    public static CelLibrary Library { get; } = new()
    {
        Functions =
        [
            CelFunction.Of("sets.contains", ("sets_contains_list_list", "(list(T), list(T)) bool", static a =>
                CelValue.Of(HoldsAll(a[0].AsList, a[1].AsList)))),
            CelFunction.Of("sets.equivalent", ("sets_equivalent_list_list", "(list(T), list(T)) bool", static a =>
                CelValue.Of(HoldsAll(a[0].AsList, a[1].AsList) && HoldsAll(a[1].AsList, a[0].AsList)))),
            CelFunction.Of("sets.intersects", ("sets_intersects_list_list", "(list(T), list(T)) bool", static a =>
            {
                var first = a[0].AsList;
                return CelValue.Of(a[1].AsList.Any(e => first.Contains(e)));
            })),
        ],
    };

    private static bool HoldsAll(CelList list, CelList wanted) => wanted.All(e => list.Contains(e));
}
