using System.Text.Json;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Writes lines for people, or as the JSON that came.</summary>
/// <param name="output">Where to.</param>
/// <param name="isJson">As they came.</param>
/// <param name="hasColors">True for a terminal: what is not the line itself is dim, and bad lines stand out.</param>
public sealed class LogPrinter(TextWriter output, bool isJson, bool hasColors)
{
    private const string Dim = "\e[2m";
    private const string Red = "\e[31m";
    private const string Yellow = "\e[33m";
    private const string Reset = "\e[0m";

    /// <summary>True when there was a line.</summary>
    public bool HasWritten { get; private set; }

    public void Write(JsonElement line)
    {
        HasWritten = true;
        if (isJson)
        {
            output.WriteLine(line.GetRawText());
            return;
        }

        // Seconds and thousandths: enough to tell lines apart, and short.
        var time = Text(line, "time");
        var pod = $"{Text(line, "namespace")}/{Text(line, "pod")}";
        var head = $"{time[..Math.Min(time.Length, 23)]}Z {pod} {Text(line, "container")}";
        var text = Printable(Text(line, "text"));
        output.WriteLine(hasColors ? $"{Dim}{head}{Reset} {Color(Text(line, "level"))}{text}{Reset}"
            : $"{head} {text}");
    }

    /// <summary>Between lines that do not stand side by side.</summary>
    public void WriteGap()
    {
        if (!isJson)
        {
            output.WriteLine(hasColors ? $"{Dim}--{Reset}" : "--");
        }
    }

    private static string Color(string level) => level switch
    {
        "error" or "fatal" => Red,
        "warning" => Yellow,
        _ => "",
    };

    /// <summary>A container's line must not steer the terminal of who reads it.</summary>
    private string Printable(string text) => !hasColors || !text.Any(IsSteering) ? text
        : string.Concat(text.Select(static c => IsSteering(c) ? '\ufffd' : c));

    private static bool IsSteering(char c) => char.IsControl(c) && c is not ('\n' or '\t');

    private static string Text(JsonElement line, string name) =>
        line.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
