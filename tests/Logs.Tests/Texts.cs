using System.Text;
using CsCheck;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Logs.Tests;

/// <summary>Generators of lines that look like those of programs, with few words, so that searches find some.</summary>
internal static class Texts
{
    private static readonly string[] Vocabulary =
    [
        "error", "ERROR", "Time", "timeout", "time-out", "a", "ab", "abc", "x_1", "500", "5001", "größe", "日本",
            "/var/log",
        "foo.bar", "user=eva", "user=\"eva b\"", "{\"user\":\"eva\",\"n\":{\"status\":500}}", "[warn]", "ABC", "",
            "(a|b)", "\t",
        "{\"user\":\"eva", "level=error", "ab.c", "a+b", "10.0.0.1:80", "took 50", "0x1",
    ];

    public static Gen<T> Any<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    public static readonly Gen<string> Word = Any(Vocabulary);

    public static readonly Gen<string> Line = Word.Array[0, 6].Select(
        Any(" ", "", ", ", ":"), static (words, between) => string.Join(between, words));

    /// <summary>Lines of few shapes, which segments keep in columns.</summary>
    public static readonly Gen<string> Shaped = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 999], Gen.Bool).Select(
        static (shape, number, isBad) => shape switch
        {
            0 => $"GET /a/{number:000} took 5{number % 10} ms {(isBad ? "ERROR" : "ok")}",
            1 => $"{{\"user\":\"eva\",\"n\":{{\"status\":{(isBad ? 500 : 200)}}},\"trace\":\"0x{number:x3}AB\"}}",
            _ => $"I{number:0000} 10.0.0.1:80 größe={number % 10}Ab timeout",
        });

    /// <summary>Anything at all, bytes that are no UTF-8 included.</summary>
    public static readonly Gen<byte[]> Bytes =
        Gen.OneOf(
            Line.Select(static l => Encoding.UTF8.GetBytes(l)), Shaped.Select(static l => Encoding.UTF8.GetBytes(l)),
            Shaped.Select(static l => Encoding.UTF8.GetBytes(l)), Gen.Byte.Array[0, 40]);

    public static readonly Gen<LineBlock> Block =
        Gen.Select(Gen.Long, Gen.Bool, Gen.Int[0, 5], Bytes).Array[0, 120].Select(static lines =>
        {
            var block = new LineBlock();
            foreach (var (time, isStderr, severity, text) in lines)
            {
                block.Add(time, LineFlags.Of(isStderr, (Severity)severity), text);
            }

            return block;
        });
}
