using OrleansOrchestrator.Machine;
using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>A page with a secret is its owner's alone, for as long as it is wanted.</summary>
public sealed class LeadingPageTests : IDisposable
{
    private static readonly Uri Address = new("https://127.0.0.1:6443/dashboard/#token=a.b-c_d&hours=8");

    private readonly string _directory = Directory.CreateTempSubdirectory("orc-page-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void It_leads_where_it_is_to_and_nobody_else_reads_it()
    {
        using var page = LeadingPage.Write(_directory, Address);

        Assert.Equal(OwnFiles.PrivateFile, File.GetUnixFileMode(page.Path));
        Assert.Contains(
            "content=\"0;url=https://127.0.0.1:6443/dashboard/#token=a.b-c_d&amp;hours=8\"",
            File.ReadAllText(page.Path),
            StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_gone_when_it_is_no_longer_wanted()
    {
        LeadingPage.Write(_directory, Address).Dispose();

        Assert.Empty(Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public void What_lies_in_its_place_is_replaced_and_not_written_through()
    {
        var other = Path.Combine(_directory, "other");
        File.WriteAllText(other, "kept");
        string path;
        using (var page = LeadingPage.Write(_directory, Address))
        {
            path = page.Path;
        }

        File.CreateSymbolicLink(path, other);
        using var again = LeadingPage.Write(_directory, Address);

        Assert.Equal("kept", File.ReadAllText(other));
        Assert.Null(new FileInfo(again.Path).LinkTarget);
    }

    [Fact]
    public async Task It_lies_in_the_directory_of_the_session_if_that_is_the_users_alone()
    {
        File.SetUnixFileMode(_directory, OwnFiles.OwnersDirectory);
        Assert.Equal(_directory, await DirectoryForAsync(_directory, Nowhere));

        File.SetUnixFileMode(_directory, OwnFiles.OwnersDirectory | UnixFileMode.OtherExecute);
        Assert.Null(await DirectoryForAsync(_directory, Nowhere));
    }

    [Fact]
    public async Task It_does_not_lie_in_the_directory_of_another_users_session()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: a directory of another user's");
        File.SetUnixFileMode(_directory, OwnFiles.OwnersDirectory);
        await Programs.RequireAsync("chown", ["nobody", _directory], TestContext.Current.CancellationToken);

        Assert.Null(await DirectoryForAsync(_directory, Nowhere));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("run")]
    [InlineData("/nowhere/at/all")]
    public async Task Else_it_lies_in_the_clusters(string? session)
    {
        var cluster = DataDirectory.Open(Path.Combine(_directory, "cluster"));

        Assert.Equal(cluster.Run, await DirectoryForAsync(session, cluster.Root));
        Assert.Null(await DirectoryForAsync(session, Nowhere));
    }

    private static Task<string?> DirectoryForAsync(string? session, string root) =>
        LeadingPage.DirectoryForAsync(session, root, TestContext.Current.CancellationToken);

    private string Nowhere => Path.Combine(_directory, "nowhere");
}
