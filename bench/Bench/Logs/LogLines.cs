using System.Globalization;
using System.Text;
using OrleansOrchestrator.Logs.Lines;

namespace OrleansOrchestrator.Bench.Logs;

/// <summary>
/// Lines as services write them, in CRI's format: access logs, JSON and klog in turn, with times, addresses, ids and
/// durations that all differ.
/// </summary>
internal sealed class LogLines(int seed)
{
    private static readonly string[] Paths = ["/api/v1/orders", "/api/v1/items", "/login", "/static/app.js",
        "/healthz", "/api/v1/users"];
    private static readonly string[] Events =
        ["order placed", "cache miss", "payment accepted", "retrying upstream", "session expired", "stock updated"];

    private readonly Random _random = new(seed);
    private long _time = LogTime.Of(new DateTimeOffset(2026, 11, 28, 0, 0, 0, TimeSpan.Zero));

    /// <summary>Nanoseconds between two lines, on average.</summary>
    private const int Spacing = 500_000;

    /// <summary>Bytes of the lines' own texts so far.</summary>
    public long TextBytes { get; private set; }

    /// <summary>Writes so many lines; the one with that number has the needle in it.</summary>
    public void Write(TextWriter output, int count, int needleAt, string needle)
    {
        for (var i = 0; i < count; i++)
        {
            _time += _random.Next(2 * Spacing);
            var text = Text(i % 3) + (i == needleAt ? $" {needle}" : "");
            TextBytes += text.Length;
            output.Write(LogTime.Format(_time));
            output.Write(" stdout F ");
            output.Write(text);
            output.Write('\n');
        }
    }

    private string Text(int sort)
    {
        var (path, what, user) = (Paths[_random.Next(Paths.Length)], Events[_random.Next(Events.Length)],
            _random.Next(100_000));
        var status = _random.Next(100) switch { < 90 => 200, < 96 => 404, < 99 => 302, _ => 500 };
        var time = LogTime.ToTime(_time);
        return sort switch
        {
            0 => Invariant(
                $"10.244.{_random.Next(4)}.{_random.Next(256)} - - [{time:dd/MMM/yyyy:HH:mm:ss} +0000] ")
                + Invariant($"\"GET {path}/{user} HTTP/1.1\" {status} {_random.Next(20_000)} \"-\" ")
                + "\"Mozilla/5.0 (X11; Linux x86_64)\"",
            1 => Invariant($"{{\"time\":\"{time:yyyy-MM-dd'T'HH:mm:ss.fff}Z\",\"level\":")
                + Invariant($"\"{(status == 500 ? "error" : "info")}\",\"msg\":\"{what}\",\"user\":{user},")
                + Invariant($"\"trace\":\"{_random.NextInt64():x16}\",\"ms\":{_random.Next(900)}}}"),
            _ => Invariant($"I{time:MMdd HH:mm:ss.ffffff}       1 controller.go:{_random.Next(400)}] ")
                + Invariant($"\"{what}\" object=\"shop/web-{_random.Next(50)}\" attempt={_random.Next(5)}"),
        };
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

internal static class StringFormats
{
    /// <summary>A file of lines.</summary>
    public static StreamWriter Writer(string path) => new(path, append: false, new UTF8Encoding(false), 1 << 20);
}
