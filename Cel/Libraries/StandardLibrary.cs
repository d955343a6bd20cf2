using System.Globalization;
using System.Text;
using OrleansOrchestrator.Cel.Evaluation;
using OrleansOrchestrator.Cel.Functions;
using OrleansOrchestrator.Cel.Patterns;
using OrleansOrchestrator.Cel.Values;
using Names = OrleansOrchestrator.Cel.Syntax.Operators;

namespace OrleansOrchestrator.Cel.Libraries;

/// <summary>The operators and functions of the language itself.</summary>
internal static class StandardLibrary
{
    private static readonly CelFunctionBody AddBody = static a => Arithmetic.Add(a[0], a[1]);
    private static readonly CelFunctionBody SubtractBody = static a => Arithmetic.Subtract(a[0], a[1]);
    private static readonly CelFunctionBody MultiplyBody = static a => Arithmetic.Multiply(a[0], a[1]);
    private static readonly CelFunctionBody DivideBody = static a => Arithmetic.Divide(a[0], a[1]);
    private static readonly CelFunctionBody ModuloBody = static a => Arithmetic.Modulo(a[0], a[1]);
    private static readonly CelFunctionBody IndexBody = static a => Arithmetic.Index(a[0], a[1]);
    private static readonly CelFunctionBody InBody = static a => Arithmetic.In(a[0], a[1]);
    private static readonly CelFunctionBody Same = static a => a[0];

    /// <summary>Declared for their types; the planner has nodes of its own for them.</summary>
    public static CelLibrary Operators { get; } = new()
    {
        Functions =
        [
            CelFunction.Of(Names.Conditional, ("conditional", "(bool, A, A) A", static a => a[0].IsTrue ? a[1] : a[2])),
            CelFunction.Of(Names.And, ("logical_and", "(bool, bool) bool", static a =>
                CelValue.Of(a[0].IsTrue && a[1].IsTrue))),
            CelFunction.Of(Names.Or, ("logical_or", "(bool, bool) bool", static a =>
                CelValue.Of(a[0].IsTrue || a[1].IsTrue))),
            CelFunction.Of(Names.Not, ("logical_not", "(bool) bool", static a => Arithmetic.Not(a[0]))),
            CelFunction.Of(Names.NotStrictlyFalse,
                ("not_strictly_false", "(bool) bool", static a => CelValue.Of(!a[0].IsFalse))),
            CelFunction.Of(Names.Equal, ("equals", "(A, A) bool", static a => CelValue.Of(a[0].Equals(a[1])))),
            CelFunction.Of(Names.NotEqual, ("not_equals", "(A, A) bool", static a => CelValue.Of(!a[0].Equals(a[1])))),
            Ordering(Names.Less, "less", static a => Arithmetic.Less(a[0], a[1])),
            Ordering(Names.LessOrEqual, "less_equals", static a => Arithmetic.LessOrEqual(a[0], a[1])),
            Ordering(Names.Greater, "greater", static a => Arithmetic.Greater(a[0], a[1])),
            Ordering(Names.GreaterOrEqual, "greater_equals", static a => Arithmetic.GreaterOrEqual(a[0], a[1])),
            CelFunction.Of(Names.Add,
                ("add_bytes", "(bytes, bytes) bytes", AddBody), ("add_double", "(double, double) double", AddBody),
                ("add_duration_duration", "(duration, duration) duration", AddBody),
                ("add_duration_timestamp", "(duration, timestamp) timestamp", AddBody),
                ("add_timestamp_duration", "(timestamp, duration) timestamp", AddBody),
                ("add_int64", "(int, int) int", AddBody), ("add_list", "(list(A), list(A)) list(A)", AddBody),
                ("add_string", "(string, string) string", AddBody), ("add_uint64", "(uint, uint) uint", AddBody)),
            CelFunction.Of(Names.Subtract,
                ("subtract_double", "(double, double) double", SubtractBody),
                ("subtract_duration_duration", "(duration, duration) duration", SubtractBody),
                ("subtract_int64", "(int, int) int", SubtractBody),
                ("subtract_timestamp_duration", "(timestamp, duration) timestamp", SubtractBody),
                ("subtract_timestamp_timestamp", "(timestamp, timestamp) duration", SubtractBody),
                ("subtract_uint64", "(uint, uint) uint", SubtractBody)),
            CelFunction.Of(Names.Multiply,
                ("multiply_double", "(double, double) double", MultiplyBody),
                ("multiply_int64", "(int, int) int", MultiplyBody),
                    ("multiply_uint64", "(uint, uint) uint", MultiplyBody)),
            CelFunction.Of(Names.Divide,
                ("divide_double", "(double, double) double", DivideBody),
                ("divide_int64", "(int, int) int", DivideBody), ("divide_uint64", "(uint, uint) uint", DivideBody)),
            CelFunction.Of(Names.Modulo,
                ("modulo_int64", "(int, int) int", ModuloBody), ("modulo_uint64", "(uint, uint) uint", ModuloBody)),
            CelFunction.Of(Names.Negate,
                ("negate_double", "(double) double", static a => Arithmetic.Negate(a[0])),
                ("negate_int64", "(int) int", static a => Arithmetic.Negate(a[0]))),
            CelFunction.Of(Names.Index,
                ("index_list", "(list(A), int) A", IndexBody), ("index_map", "(map(A, B), A) B", IndexBody)),
            CelFunction.Of(Names.In, ("in_list", "(A, list(A)) bool", InBody),
                ("in_map", "(A, map(A, B)) bool", InBody)),
        ],
    };

    public static CelLibrary Functions { get; } = new()
    {
        Functions =
        [
            CelFunction.Of("size",
                ("bytes_size", "bytes.() int", Size), ("size_bytes", "(bytes) int", Size),
                ("list_size", "list(A).() int", Size), ("size_list", "(list(A)) int", Size),
                ("map_size", "map(A, B).() int", Size), ("size_map", "(map(A, B)) int", Size),
                ("string_size", "string.() int", Size), ("size_string", "(string) int", Size)),
            CelFunction.Of("type", ("type", "(A) type(A)", static a => CelValue.Of(a[0].Type))),
            CelFunction.Of("dyn", ("to_dyn", "(A) dyn", Same)),
            CelFunction.Of("bool", ("bool_to_bool", "(bool) bool", Same), ("string_to_bool", "(string) bool", ToBool)),
            CelFunction.Of("bytes",
                ("bytes_to_bytes", "(bytes) bytes", Same),
                ("string_to_bytes", "(string) bytes", static a => CelValue.Of(Encoding.UTF8.GetBytes(a[0].AsString)))),
            CelFunction.Of("double",
                ("double_to_double", "(double) double", Same),
                ("int64_to_double", "(int) double", static a => CelValue.Of((double)a[0].AsInt)),
                ("string_to_double", "(string) double", ToDouble),
                ("uint64_to_double", "(uint) double", static a => CelValue.Of((double)a[0].AsUint))),
            CelFunction.Of("int",
                ("int64_to_int64", "(int) int", Same),
                ("double_to_int64", "(double) int", static a =>
                    a[0].AsDouble is > -9223372036854775808.0 and < 9223372036854775808.0
                    ? CelValue.Of((long)a[0].AsDouble)
                    : CelError.IntegerOverflow),
                ("duration_to_int64", "(duration) int", static a => CelValue.Of(a[0].AsNanoseconds)),
                ("string_to_int64", "(string) int", static a => long.TryParse(
                    a[0].AsString, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                    ? CelValue.Of(number)
                    : Unconvertible("string", "int")),
                ("timestamp_to_int64", "(timestamp) int", static a => CelValue.Of(a[0].AsTimestamp.Seconds)),
                ("uint64_to_int64", "(uint) int", static a =>
                    a[0].AsUint <= long.MaxValue ? CelValue.Of((long)a[0].AsUint) : CelError.IntegerOverflow)),
            CelFunction.Of("uint",
                ("uint64_to_uint64", "(uint) uint", Same),
                ("double_to_uint64", "(double) uint", static a => a[0].AsDouble is >= 0 and < 18446744073709551616.0
                    ? CelValue.Of((ulong)a[0].AsDouble)
                    : CelError.UnsignedOverflow),
                ("int64_to_uint64", "(int) uint", static a =>
                    a[0].AsInt >= 0 ? CelValue.Of((ulong)a[0].AsInt) : CelError.UnsignedOverflow),
                ("string_to_uint64", "(string) uint", static a => ulong.TryParse(
                    a[0].AsString, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? CelValue.Of(number)
                    : Unconvertible("string", "uint"))),
            CelFunction.Of("string",
                ("string_to_string", "(string) string", Same), ("bool_to_string", "(bool) string", ToText),
                ("bytes_to_string", "(bytes) string", BytesToText), ("double_to_string", "(double) string", ToText),
                ("duration_to_string", "(duration) string", ToText), ("int64_to_string", "(int) string", ToText),
                ("timestamp_to_string", "(timestamp) string", ToText), ("uint64_to_string", "(uint) string", ToText)),
            CelFunction.Of("contains", ("contains_string", "string.(string) bool", static a =>
                CelValue.Of(a[0].AsString.Contains(a[1].AsString, StringComparison.Ordinal)))),
            CelFunction.Of("endsWith", ("ends_with_string", "string.(string) bool", static a =>
                CelValue.Of(a[0].AsString.EndsWith(a[1].AsString, StringComparison.Ordinal)))),
            CelFunction.Of("startsWith", ("starts_with_string", "string.(string) bool", static a =>
                CelValue.Of(a[0].AsString.StartsWith(a[1].AsString, StringComparison.Ordinal)))),
            CelFunction.Of("matches",
                ("matches", "(string, string) bool", Matches), ("matches_string", "string.(string) bool", Matches)),
        ],
    };

    internal static CelValue Unconvertible(string from, string to) =>
        CelValue.OfError($"type conversion error from '{from}' to '{to}'");

    private static CelFunction Ordering(string name, string id, CelFunctionBody body)
    {
        var forms = new (string, string)[]
        {
            ("bool", "(bool, bool)"), ("int64", "(int, int)"), ("int64_double", "(int, double)"),
            ("int64_uint64", "(int, uint)"), ("uint64", "(uint, uint)"), ("uint64_double", "(uint, double)"),
            ("uint64_int64", "(uint, int)"), ("double", "(double, double)"), ("double_int64", "(double, int)"),
            ("double_uint64", "(double, uint)"), ("string", "(string, string)"), ("bytes", "(bytes, bytes)"),
            ("timestamp", "(timestamp, timestamp)"), ("duration", "(duration, duration)"),
        };
        return CelFunction.Of(name, [.. forms.Select(f => ($"{id}_{f.Item1}", f.Item2 + " bool", body))]);
    }

    private static CelValue Size(ReadOnlySpan<CelValue> a) => CelValue.Of(CelSizes.Of(a[0]) ?? 0);

    private static CelValue ToText(ReadOnlySpan<CelValue> a) => CelValue.Of(a[0].ToString());

    private static CelValue ToBool(ReadOnlySpan<CelValue> a) => a[0].AsString switch
    {
        "1" or "t" or "T" or "TRUE" or "true" or "True" => CelValue.True,
        "0" or "f" or "F" or "FALSE" or "false" or "False" => CelValue.False,
        _ => Unconvertible("string", "bool"),
    };

    private static CelValue ToDouble(ReadOnlySpan<CelValue> a)
    {
        var text = a[0].AsString;
        const NumberStyles Style =
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (double.TryParse(text, Style, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
        {
            return CelValue.Of(number);
        }

        return text.ToUpperInvariant() switch
        {
            "NAN" => CelValue.Of(double.NaN),
            "INF" or "+INF" or "INFINITY" or "+INFINITY" => CelValue.Of(double.PositiveInfinity),
            "-INF" or "-INFINITY" => CelValue.Of(double.NegativeInfinity),
            _ => Unconvertible("string", "double"),
        };
    }

    private static CelValue BytesToText(ReadOnlySpan<CelValue> a)
    {
        var bytes = a[0].AsBytes;
        return System.Text.Unicode.Utf8.IsValid(bytes)
            ? CelValue.Of(Encoding.UTF8.GetString(bytes))
            : CelValue.OfError("invalid UTF-8 in bytes, cannot convert to string");
    }

    private static CelValue Matches(ReadOnlySpan<CelValue> a) => Re2.Find(a[1].AsString, out var complaint) is { } regex
        ? CelValue.Of(regex.IsMatch(a[0].AsString))
        : CelValue.OfError(complaint);
}
