using System.Diagnostics;
using System.Text.Json.Nodes;
using CsCheck;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

/// <summary>Quantities against upstream's own code, as it is in kubectl; skipped where the machine has none.</summary>
public sealed class QuantityAgainstUpstreamTests
{
    private const int Count = 400;
    private const string Pod = """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""";

    private static readonly Gen<string> Texts = Gen.Select(
        Gen.OneOf("", "", "-", "+"),
        Gen.Char["0123456789"].Array[0, 25].Select(d => new string(d)),
        Gen.OneOf(Gen.Const(""), Gen.Char["0123456789"].Array[0, 14].Select(d => "." + new string(d))),
        Gen.OneOf("", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-5",
            "e22", "e31", "E-12"),
        (sign, whole, fraction, suffix) => sign + whole + fraction + suffix);

    [Fact]
    public async Task EveryQuantityIsWrittenAsKubectlWritesIt()
    {
        var folder = Environment.GetEnvironmentVariable("ORC_TOOLS") ??
            Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/orc/tools");
        var kubectl = Path.Combine(folder, "kubectl");
        Assert.SkipUnless(File.Exists(kubectl), "no kubectl on this machine");
        await Texts.Where(t => Quantity.TryParse(t, out _)).Array[Count].CheckAsync(
            async texts =>
            {
                var limits = await WriteAsync(kubectl, texts);
                for (var i = 0; i < texts.Length; i++)
                {
                    Assert.Equal((texts[i], (string?)limits[$"example.com/q{i}"]),
                        (texts[i], Quantity.Parse(texts[i]).ToString()));
                }
            },
            cases: 1, threads: 1);
    }

    private static async Task<JsonNode> WriteAsync(string kubectl, string[] texts)
    {
        var limits = string.Join(',', texts.Select((t, i) => $"example.com/q{i}={t}"));
        using var process = Process.Start(new ProcessStartInfo(
            kubectl, ["set", "resources", "--local", "-f", "-", $"--limits={limits}", "-o", "json"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
        await process.StandardInput.WriteAsync(Pod);
        process.StandardInput.Close();
        var json = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonNode.Parse(json)!["spec"]!["containers"]![0]!["resources"]!["limits"]!;
    }
}
