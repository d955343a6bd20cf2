using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Metrics;
using CriImage = OrleansOrchestrator.NodeAgent.Cri.V1.Image;
using OrleansOrchestrator.NodeAgent.Tests.Support;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

file static class Checks
{
    public static bool MustPull(
        this PullRecords records, string image, CriImage present, IEnumerable<PullSecretSource> secrets,
        PullAccountSource? account = null) => records.Check(image, present, secrets, account).MustPull;
}

/// <summary>Who may use an image that is there already.</summary>
public sealed class PullRecordsTests : IDisposable
{
    private const string Image = "r.io/private/app:1";
    private const string Id = "sha256:1234";
    private static readonly CriImage Present = new() { Id = Id, RepoTags = { Image } };
    private static readonly PullSecretSource Used =
        new() { Uid = "1", Namespace = "a", Name = "s", CredentialHash = "h" };

    private readonly string _directory = Directory.CreateTempSubdirectory("orc-records-").FullName;
    private readonly ManualTime _time = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void What_was_not_pulled_here_is_everybodys() => Assert.False(Records().MustPull(Image, Present, []));

    [Fact]
    public void What_came_without_credentials_is_everybodys_for_good()
    {
        Pull(null);
        Pull(Used);
        Assert.False(Records().MustPull(Image, Present, []));
    }

    [Fact]
    public void What_came_with_a_secret_is_for_those_who_have_it()
    {
        Pull(Used);
        var again = Records();
        Assert.True(again.MustPull(Image, Present, []));
        Assert.True(again.MustPull(Image, Present, [Used with { Uid = "2", CredentialHash = "x" }]));
        Assert.False(again.MustPull(Image, Present, [Used]));
        Assert.True(
            again.MustPull(
                "elsewhere.io/app:1", Present, [Used]), "the same bytes under another name are another registry's");
    }

    [Fact]
    public void What_came_by_the_token_of_an_account_is_for_that_account()
    {
        var account = new PullAccountSource("1", "a", "builder");
        var records = Records();
        records.BeginPull(Image);
        records.EndPull(Image, Id, null, account);

        var again = Records();
        Assert.True(again.MustPull(Image, Present, [Used]));
        Assert.True(again.MustPull(Image, Present, [], account with { Uid = "2" }));
        Assert.False(again.MustPull(Image, Present, [], account));
        Pull(Used);
        Assert.False(Records().MustPull(Image, Present, [], account));
        Assert.False(Records().MustPull(Image, Present, [Used]));
    }

    [Fact]
    public void What_was_imported_under_another_name_stays_everybodys_by_that_name_but_not_by_its_id()
    {
        Pull(Used);
        var imported = new CriImage { Id = Id, RepoTags = { Image, "orc.local/imported:1" } };
        Assert.False(Records().MustPull("orc.local/imported:1", imported, []));
        Assert.True(Records().MustPull(Image, imported, []));
        Assert.True(Records().MustPull(Id, imported, []));
    }

    [Fact]
    public void A_copy_of_the_secret_and_a_rotated_secret_are_as_good_and_stay_so()
    {
        Pull(Used);
        Assert.False(Records().MustPull(Image, Present, [Used with { Uid = "2", Namespace = "b" }]));
        Assert.False(Records().MustPull(Image, Present, [Used with { CredentialHash = "rotated" }]));
        Assert.False(
            Records().MustPull(Image, Present, [Used with { Uid = "3", Namespace = "c", CredentialHash = "rotated" }]));
    }

    [Fact]
    public void A_pull_that_was_cut_off_proves_nothing_and_one_that_failed_leaves_nothing()
    {
        Records().BeginPull(Image);
        Assert.True(Records().MustPull(Image, Present, [Used]));

        var records = Records();
        records.BeginPull(Image);
        records.BeginPull(Image);
        records.FailPull(Image);
        Assert.True(records.MustPull(Image, Present, [Used]));
        records.FailPull(Image);
        Assert.False(records.MustPull(Image, Present, [Used]));
    }

    [Fact]
    public void Records_go_with_their_images_and_torn_files_are_no_permission()
    {
        Pull(Used);
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_directory, "image_manager", "pulled")));
        Records().Prune(new HashSet<string>(), _time.Now.AddSeconds(-1));
        Assert.True(File.Exists(file), "an image younger than the list is not gone");
        Records().Prune(new HashSet<string> { Id }, _time.Now.AddSeconds(1));
        Assert.True(File.Exists(file));

        File.WriteAllText(file, "{\"imageRef\":");
        Assert.True(Records().MustPull(Image, Present, [Used]));
        Records().Prune(new HashSet<string> { Id }, _time.Now.AddSeconds(1));
        Assert.False(File.Exists(file));
    }

    [Fact]
    public void The_list_of_secrets_is_bounded()
    {
        for (var i = 0; i < 250; i++)
        {
            Pull(Used with { Uid = $"{i}", CredentialHash = $"{i}" });
        }

        var file = Assert.Single(Directory.GetFiles(Path.Combine(_directory, "image_manager", "pulled")));
        Assert.InRange(new FileInfo(file).Length, 1, 20_000);
        Assert.False(Records().MustPull(Image, Present, [Used with { Uid = "249", CredentialHash = "249" }]));
    }

    [Theory]
    [InlineData(PullVerification.NeverVerify, "", "credentialPolicyAllowed")]
    [InlineData(PullVerification.NeverVerifyPreloadedImages, "", "credentialPolicyAllowed")]
    [InlineData(PullVerification.NeverVerifyAllowlistedImages, "", "mustAuthenticate")]
    [InlineData(PullVerification.NeverVerifyAllowlistedImages, "r.io/private/*", "credentialPolicyAllowed")]
    [InlineData(PullVerification.AlwaysVerify, "", "mustAuthenticate")]
    public void What_was_there_before_is_as_the_policy_says(string policy, string allowed, string expected) =>
        Assert.Equal(expected, With(policy, allowed).Check(Image, Present, [Used]).Result);

    [Theory]
    [InlineData(PullVerification.NeverVerify, "", "credentialPolicyAllowed")]
    [InlineData(PullVerification.NeverVerifyPreloadedImages, "", "mustAuthenticate")]
    [InlineData(PullVerification.NeverVerifyAllowlistedImages, "", "mustAuthenticate")]
    [InlineData(PullVerification.NeverVerifyAllowlistedImages, "r.io/private/app", "credentialPolicyAllowed")]
    [InlineData(PullVerification.AlwaysVerify, "", "mustAuthenticate")]
    public void What_came_with_a_secret_is_as_the_policy_says(string policy, string allowed, string expected)
    {
        Pull(Used);

        var records = With(policy, allowed);
        Assert.Equal(expected, records.Check(Image, Present, []).Result);
        Assert.False(records.Check(Image, Present, [Used]).MustPull);
    }

    [Fact]
    public void Once_an_image_came_without_credentials_it_is_everybodys_by_each_policy()
    {
        Pull(null);

        Assert.Equal("credentialRecordFound", With(PullVerification.AlwaysVerify, "").Check(Image, Present, []).Result);
    }

    [Fact]
    public void What_cannot_be_read_must_be_pulled()
    {
        Pull(Used);
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_directory, "image_manager", "pulled")));
        File.Delete(file);
        File.CreateSymbolicLink(file, Path.Combine("/proc", "self", "mem"));

        Assert.Equal(PullCheck.Error, Records().Check(Image, Present, [Used]));
    }

    [Fact]
    public void How_many_records_there_are_is_told()
    {
        Pull(Used);
        Records().BeginPull("r.io/other:1");
        var text = new MetricsText();
        Records().Write(text);

        Assert.Contains("\nkubelet_imagemanager_ondisk_pullintents 1\n", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("\nkubelet_imagemanager_ondisk_pulledrecords 1\n", text.ToString(), StringComparison.Ordinal);
    }

    private PullRecords With(string policy, string allowed) => new(
        new NodeAgentOptions
        {
            NodeName = "n", DataDirectory = _directory, ImagePullCredentialsVerificationPolicy = policy,
            PreloadedImagesVerificationAllowlist = allowed.Length == 0 ? [] : [allowed],
        },
        _time);

    private void Pull(PullSecretSource? source)
    {
        var records = Records();
        records.BeginPull(Image);
        records.EndPull(Image, Id, source);
    }

    // A new instance each time: all that is known is in the files.
    private PullRecords Records() => new(new NodeAgentOptions { NodeName = "n", DataDirectory = _directory }, _time);
}
