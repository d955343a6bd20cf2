using OrleansOrchestrator.Cel.Evaluation;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Syntax;
using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Cel.Values;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>Values that may be absent.</summary>
internal static class OptionalLibrary
{
    private static readonly CelValue None = CelValue.Of(CelOptional.None);

    public static CelLibrary Library { get; } = new()
    {
        HasOptionals = true,
        Macros = Macro.Optionals,
        Types = [CelType.Optional(CelType.Dyn)],
        Functions =
        [
            CelFunction.Of("optional.of", ("optional_of", "(A) optional(A)", static a => Arithmetic.Some(a[0]))),
            CelFunction.Of("optional.ofNonZeroValue", ("optional_ofNonZeroValue", "(A) optional(A)", static a =>
                IsZero(a[0]) ? None : Arithmetic.Some(a[0]))),
            CelFunction.Of("optional.none", ("optional_none", "() optional(A)", static _ => None)),
            CelFunction.Of("optional.unwrap", ("optional_unwrap", "(list(optional(A))) list(A)", Unwrap)),
            CelFunction.Of("unwrapOpt", ("optional_unwrapOpt", "list(optional(A)).() list(A)", Unwrap)),
            CelFunction.Of("value", ("optional_value", "optional(A).() A", static a =>
                Held(a[0]) is { HasValue: true } held
                ? held.Value
                : CelValue.OfError("optional.none() dereference"))),
            CelFunction.Of("hasValue", ("optional_hasValue", "optional(A).() bool", static a =>
                CelValue.Of(Held(a[0]).HasValue))),
            CelFunction.Of("or", ("optional_or_optional", "optional(A).(optional(A)) optional(A)", static a =>
                Held(a[0]).HasValue ? a[0] : a[1])),
            CelFunction.Of("orValue", ("optional_orValue_value", "optional(A).(A) A", static a =>
                Held(a[0]) is { HasValue: true } held ? held.Value : a[1])),
            CelFunction.Of("first", ("list_first", "list(A).() optional(A)", static a =>
                a[0].AsList is { Count: > 0 } list ? Arithmetic.Some(list[0]) : None)),
            CelFunction.Of("last", ("list_last", "list(A).() optional(A)", static a =>
                a[0].AsList is { Count: > 0 } list ? Arithmetic.Some(list[^1]) : None)),
            CelFunction.Of(Operators.Index,
                ("optional_list_index_int", "(optional(list(A)), int) optional(A)", Index),
                ("optional_map_index_value", "(optional(map(A, B)), A) optional(B)", Index)),
            CelFunction.Of(Operators.OptionalIndex,
                ("list_optindex_optional_int", "(list(A), int) optional(A)", Index),
                ("optional_list_optindex_optional_int", "(optional(list(A)), int) optional(A)", Index),
                ("map_optindex_optional_value", "(map(A, B), A) optional(B)", Index),
                ("optional_map_optindex_optional_value", "(optional(map(A, B)), A) optional(B)", Index)),
        ],
    };

    private static CelOptional Held(in CelValue value) => (CelOptional)value.AsOpaque;

    private static CelValue Index(ReadOnlySpan<CelValue> a) => Arithmetic.OptionalIndex(a[0], a[1]);

    private static CelValue Unwrap(ReadOnlySpan<CelValue> a) => CelValue.Of(CelList.Of(
        [.. a[0].AsList.Where(static e => e.Kind == CelKind.Opaque && e.AsOpaque is CelOptional { HasValue: true })
            .Select(static e => Held(e).Value)]));

    private static bool IsZero(in CelValue value) => value.Kind switch
    {
        CelKind.Null => true,
        CelKind.Bool => value.IsFalse,
        CelKind.Int or CelKind.Uint or CelKind.Duration => value.AsInt == 0,
        CelKind.Double => value.AsDouble == 0,
        CelKind.String or CelKind.Bytes or CelKind.List or CelKind.Map => CelSizes.Of(value) == 0,
        CelKind.Timestamp => value.AsTimestamp == new CelTimestamp(CelTimestamp.MinSeconds, 0),
        CelKind.Opaque => value.AsOpaque is CelOptional { HasValue: false },
        _ => false,
    };
}
