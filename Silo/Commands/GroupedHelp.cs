using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using Spectre.Console;

namespace OrleansOrchestrator.Silo.Commands;

/// <summary>
/// The help of commands whose options have themes: each option under its own, with its default. Other commands have the
/// usual one.
/// </summary>
internal sealed class GroupedHelp(string program) : SynchronousCommandLineAction
{
    private const string DefaultMark = "Default: ";
    private const int Indent = 6;

    /// <summary>Wider lines are hard to read.</summary>
    private const int WidestText = 110;

    private readonly HelpAction _usual = new();

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is not GroupedCommand command)
        {
            return _usual.Invoke(parseResult);
        }

        var (output, width) = (parseResult.InvocationConfiguration.Output, Width());
        output.WriteLine($"{command.Description}\n\nUsage:\n  {program} {command.Name} [options]");
        foreach (var group in command.Groups)
        {
            output.WriteLine($"\n{group.Title}:");
            foreach (var option in group.Options)
            {
                output.WriteLine($"  {Label(option)}");
                foreach (var line in Wrap(TextOf(option), width))
                {
                    output.WriteLine($"{new string(' ', Indent)}{line}");
                }
            }
        }

        return 0;
    }

    /// <summary>What an option is, and what holds where it is not given.</summary>
    private static string TextOf(Option option)
    {
        var text = option.Description ?? "";
        return text.Contains(DefaultMark, StringComparison.Ordinal) || DefaultOf(option) is not { Length: > 0 } value
            ? text
            : $"{text} {DefaultMark}{value}.";
    }

    private static string? DefaultOf(Option option) => (option.HasDefaultValue ? option.GetDefaultValue() : null) switch
    {
        bool isOn => isOn ? "true" : "false",
        null when option.ValueType == typeof(bool) => "false",
        Array => null,
        var value => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static string Label(Option option)
    {
        var names = string.Join(", ", option.Aliases.Append(option.Name));
        var isFlag = option.ValueType == typeof(bool) || option.ValueType == typeof(bool?);
        return isFlag ? names : $"{names} <{option.HelpName ?? option.Name.TrimStart('-')}>";
    }

    // Whoever reads it through a pipe greps: then each text is one line.
    private static int Width() => Console.IsOutputRedirected
        ? int.MaxValue
        : Math.Clamp(AnsiConsole.Profile.Width - Indent - 1, Indent, WidestText);

    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return line;
    }
}
