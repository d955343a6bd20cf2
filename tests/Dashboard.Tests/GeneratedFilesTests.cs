using System.Security.Cryptography;
using System.Text;
using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Dashboard.Tests;

/// <summary>What is committed as built is built from what is committed as source.</summary>
public sealed class GeneratedFilesTests
{
    /// <summary>What a browser loads before the first picture, compressed.</summary>
    private const int MostBytesAtStart = 60_000;

    private static readonly string Sources = Repository.PathOf("Dashboard", "Web");
    private static readonly string Built = Repository.PathOf("Dashboard", "Generated");

    [Fact]
    public async Task They_are_up_to_date()
    {
        var named = new[] { "build.mjs", "package-lock.json", "package.json", "tsconfig.json" };
        var found = Directory.EnumerateFiles(Path.Combine(Sources, "src"), "*", SearchOption.AllDirectories)
            .Select(static f => Path.GetRelativePath(Sources, f));
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in named.Concat(found).Order(StringComparer.Ordinal))
        {
            digest.AppendData(Encoding.UTF8.GetBytes($"{file}\n"));
            digest.AppendData(await File.ReadAllBytesAsync(
                Path.Combine(Sources, file), TestContext.Current.CancellationToken));
        }

        var builtFrom = await File.ReadAllTextAsync(
            Path.Combine(Built, "sources.txt"), TestContext.Current.CancellationToken);
        Assert.True(
            Convert.ToHexStringLower(digest.GetHashAndReset()) == builtFrom.Trim(),
            "Dashboard/Web has changed: run 'npm ci && npm run build' there, and commit Dashboard/Generated with it");
    }

    [Fact]
    public async Task The_page_starts_with_little()
    {
        await using var host = await PageHost.StartAsync();
        var page = await host.GetAsync("");
        var bytes = page.Body.Length;
        foreach (var name in page.Links())
        {
            var file = await host.GetAsync(name);
            Assert.Equal(200, file.Code);
            bytes += file.Body.Length;
        }

        Assert.InRange(bytes, 1, MostBytesAtStart);
    }
}
