using OrleansOrchestrator.Silo.Hosting;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests.Hosting;

/// <summary>What <c>orc up</c> remembers of how the API is set up.</summary>
public sealed class KeptOptionsTests : IDisposable
{
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("orc-options-");

    public void Dispose() => _scratch.Delete(recursive: true);

    [Fact]
    public void Options_are_kept_in_the_data_directory()
    {
        var directory = DataDirectory.Open(Path.Combine(_scratch.FullName, "data"));
        Assert.Empty(KeptOptions.Load(directory).Arguments);

        KeptOptions.None.Change(
            [], Given(("--oidc-required-claim", ["a=b", "c=d"]), ("--anonymous-auth", []))).Save(directory);

        Assert.Equal(
            ["--anonymous-auth", "--oidc-required-claim=a=b", "--oidc-required-claim=c=d"],
            KeptOptions.Load(directory).Arguments);
    }

    [Fact]
    public void A_later_command_changes_what_it_names_and_nothing_else()
    {
        var first = KeptOptions.None.Change(
            [],
            Given(("--audit-log-path", ["/a"]), ("--audit-policy-file", ["/p"]), ("--authorization-mode", ["RBAC"])));

        var later = first.Change(
            ["--authorization-mode", "--audit-log-path", "--oidc-client-id"], Given(("--audit-log-path", ["/b"])));

        Assert.Equal(["--audit-log-path=/b", "--audit-policy-file=/p"], later.Arguments);
        Assert.Equal(later.Arguments, later.Change([], Given()).Arguments);
    }

    [Fact]
    public void The_keys_of_the_data_directory_serve_where_no_others_were_named()
    {
        var named = KeptOptions.None.Change([], Given((KeptOptions.Encryption, ["/mine"])));

        Assert.Equal(["--encryption-provider-config=/own"], KeptOptions.None.WithEncryptionOf("/own").Arguments);
        Assert.Equal(["--encryption-provider-config=/mine"], named.WithEncryptionOf("/own").Arguments);
    }

    [Theory]
    [InlineData(true, "false")]
    [InlineData(true, "False")]
    [InlineData(false, "true")]
    [InlineData(false)]
    public void An_option_is_off_where_it_was_given_so(bool isOff, params string[] values)
    {
        Assert.Equal(isOff, KeptOptions.None.Change([], Given((KeptOptions.Logs, values))).IsOff(KeptOptions.Logs));
        Assert.False(KeptOptions.None.IsOff(KeptOptions.Logs));
    }

    private static Dictionary<string, string[]> Given(params (string Name, string[] Values)[] options) =>
        options.ToDictionary(static o => o.Name, static o => o.Values);
}
