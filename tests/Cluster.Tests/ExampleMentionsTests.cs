using OrleansOrchestrator.TestKit;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>Nobody finds an example that no document tells of.</summary>
public sealed class ExampleMentionsTests
{
    public static TheoryData<string> Examples =>
        [.. Directory.EnumerateFiles(Repository.PathOf("docs", "examples")).Select(static f => Path.GetFileName(f))];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Every_example_is_told_of_in_a_document(string example)
    {
        var documents = await Task.WhenAll(
            Directory.EnumerateFiles(Repository.PathOf("docs"), "*.md").Append(Repository.PathOf("README.md"))
                .Select(static f => File.ReadAllTextAsync(f)));

        Assert.Contains(documents, d => d.Contains($"docs/examples/{example}", StringComparison.Ordinal));
    }
}
