using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using OrleansOrchestrator.Silo.Commands;
using OrleansOrchestrator.Silo.Hosting;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>The help of every command tells each option that the command takes, once, with its default.</summary>
public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. PathsOf(OrcCommandLine.CreateRoot(), "")];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Each_option_is_told_once_with_its_default(string path)
    {
        var root = OrcCommandLine.CreateRoot();
        var help = HelpOf(root, path);
        foreach (var option in CommandAt(root, path).Options)
        {
            var told = Assert.Single(Regex.Matches(help, $@"(?m)^ +(-[?\w], )*{option.Name}(?![\w-])"));
            if (DefaultOf(option) is { Length: > 0 } value)
            {
                Assert.Contains(value, help[told.Index..], StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("up", "PostgreSQL", "--connection")]
    [InlineData("up", "Audit", "--audit-log-path")]
    [InlineData("up", "Who signs in", "--oidc-issuer-url")]
    [InlineData("silo", "Where it listens", "--port")]
    public void Options_of_one_theme_stand_together(string command, string theme, string option)
    {
        var help = HelpOf(OrcCommandLine.CreateRoot(), command);

        var section = Regex.Match(help, $@"(?ms)^{theme}:\n(.*?)(\n\n|\z)").Groups[1].Value;
        Assert.Matches($@"(?m)^  {option} ", section);
    }

    [Theory]
    [InlineData("up", "--yes", "Default: false.")]
    [InlineData("up", "--logs", "Default: true.")]
    [InlineData("up", "--store-connections", "Default: 18.")]
    [InlineData("silo", "--port", "Default: 6443.")]
    [InlineData("silo", "--request-timeout", "Default: 1m0s.")]
    public void A_default_closes_the_text(string command, string option, string expected)
    {
        var help = HelpOf(OrcCommandLine.CreateRoot(), command);

        var text = Regex.Match(help, $@"(?m)^  (-\w, )?{option}( .*)?\n((?:      .*\n)+)").Groups[3].Value;
        Assert.EndsWith(expected, Regex.Replace(text, @"\s+", " ").TrimEnd(), StringComparison.Ordinal);
    }

    /// <summary>Else whoever has not built orc yet reads something old.</summary>
    [Fact]
    public async Task What_is_written_down_is_what_the_program_says()
    {
        var root = OrcCommandLine.CreateRoot();
        var expected = string.Concat(
            PathsOf(root, "").Where(static p => p is not ("test" or "bench"))
                .OrderBy(static p => p, StringComparer.Ordinal)
                .Select(p => $"$ {$"orc {p}".TrimEnd()} --help {OfNobody(HelpOf(root, p))} "));
        var written = await File.ReadAllTextAsync(
            Repository.PathOf("docs", "commands.txt"), TestContext.Current.CancellationToken);
        var sections = Regex.Split(written, @"(?m)^(?=\$ )").Where(static s => s.Length > 0)
            .OrderBy(static s => s.Split(" --help")[0]["$ orc".Length..].TrimStart(), StringComparer.Ordinal);

        Assert.True(
            Words(expected).SequenceEqual(Words(string.Concat(sections).ReplaceLineEndings(" "))),
            "The help has changed: run build/commands.sh, and commit docs/commands.txt with it");
    }

    /// <summary>Without the names of this machine and user, and without the breaks of a terminal's lines.</summary>
    private static string OfNobody(string help) => help.ReplaceLineEndings(" ")
        .Replace(
            $"Default: {Dns.GetHostName().ToLowerInvariant()}.", "Default: the machine's name.",
            StringComparison.Ordinal)
        .Replace(DataDirectory.Default, "/var/lib/orc as root, ~/.orc/data otherwise", StringComparison.Ordinal)
        .Replace(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "~", StringComparison.Ordinal);

    private static string HelpOf(RootCommand root, string path)
    {
        var output = new StringWriter(CultureInfo.InvariantCulture);
        Assert.Equal(
            0,
            root.Parse([.. Words(path), "--help"]).Invoke(new InvocationConfiguration { Output = output }));
        return output.ToString();
    }

    private static string? DefaultOf(Option option) => option.HasDefaultValue
        ? option.GetDefaultValue() switch
        {
            Array or bool => null,
            var value => Convert.ToString(value, CultureInfo.InvariantCulture),
        }
        : null;

    private static Command CommandAt(Command root, string path) =>
        Words(path).Aggregate(root, static (command, word) => command.Subcommands.Single(c => c.Name == word));

    private static string[] Words(string path) => path.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> PathsOf(Command command, string path) =>
        command.Subcommands.SelectMany(c => PathsOf(c, $"{path} {c.Name}".Trim())).Append(path);
}
