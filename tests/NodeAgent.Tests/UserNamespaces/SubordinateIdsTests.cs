using OrleansOrchestrator.Machine;
using OrleansOrchestrator.NodeAgent.UserNamespaces;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.UserNamespaces;

/// <summary>
/// What the machine keeps for pods, as its program tells it: rows of upstream's TestParseGetSubIdsOutput.
/// </summary>
public sealed class SubordinateIdsTests
{
    private const string Line = "0: kubelet 65536 2147483648\n";

    [Theory]
    [InlineData(Line)]
    [InlineData("0:  kubelet   65536  2147483648")]
    public async Task One_range_of_users_and_groups_alike_is_kept(string told) =>
        Assert.Equal(new IdRange(65536, 2147483648), await ReadAsync(told, told));

    [Theory]
    [InlineData("", "", "invalid line \"\"")]
    [InlineData(Line + "1: kubelet 1 2\n", null, "must contain only one line")]
    [InlineData("0: kubelet 65536", null, "invalid line \"0: kubelet 65536\"")]
    [InlineData("0: kubelet 65536 x", null, "error parsing line \"0: kubelet 65536 x\": strconv.ParseUint: parsing \"x\"")]
    [InlineData("0: kubelet -1 65536", null, "strconv.ParseUint: parsing \"-1\": invalid syntax")]
    [InlineData("0: kubelet 65536 5000000000", null, "strconv.ParseUint: parsing \"5000000000\"")]
    [InlineData(Line, "0: kubelet 131072 65536\n", "mismatched subuids and subgids for user \"kubelet\"")]
    [InlineData("fails", Line, "error retrieving additional ids for user \"kubelet\"")]
    [InlineData(Line, "fails", "error retrieving additional gids for user \"kubelet\"")]
    public async Task What_cannot_be_read_is_refused_in_upstreams_words(string users, string? groups, string expected)
    {
        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(users, groups ?? users));

        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_user_or_the_program_nothing_is_kept()
    {
        Assert.Null(await ReadAsync(Line, Line, missing: "getsubids"));
        Assert.Null(await ReadAsync(Line, Line, user: new CommandResult(2, "", "")));
    }

    [Theory]
    [InlineData("getent", 0, "The program \"getent\" is missing: it tells whether there is a user \"kubelet\".")]
    [InlineData("", 1, "error looking up user \"kubelet\": no directory")]
    public async Task Where_nobody_knows_of_the_user_the_reason_is_told(string missing, int code, string expected)
    {
        var refused = await Assert.ThrowsAsync<InvalidDataException>(
            () => ReadAsync(Line, Line, missing, new CommandResult(code, "", "no directory\n")));

        Assert.Equal(expected, refused.Message);
    }

    private static Task<IdRange?> ReadAsync(
        string users, string groups, string missing = "", CommandResult user = default) => SubordinateIds.ReadAsync(
        program => program != missing,
        (program, arguments) => Task.FromResult(
            program == "getent" ? user
            : (arguments is ["-g", "kubelet"] ? groups : users) is var told && told == "fails"
                ? new CommandResult(1, "", "")
                : new CommandResult(0, told, "")));
}
