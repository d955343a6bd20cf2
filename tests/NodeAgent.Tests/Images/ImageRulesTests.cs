using System.Formats.Tar;
using System.Text;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Reclaiming;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Images;

public sealed class ImageRulesTests
{
    private static readonly SteadyTime Now = new(TimeSpan.FromDays(100));

    [Theory]
    [InlineData("busybox", "busybox:latest", "docker.io", "docker.io/library/busybox")]
    [InlineData("some/app:1.0", "some/app:1.0", "docker.io", "docker.io/some/app")]
    [InlineData("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:latest", "127.0.0.1:5000", "127.0.0.1:5000/a/b")]
    [InlineData("localhost/a:x", "localhost/a:x", "localhost", "localhost/a")]
    [InlineData("Registry/a", "Registry/a:latest", "Registry", "Registry/a")]
    [InlineData("docker.io/busybox", "docker.io/busybox:latest", "docker.io", "docker.io/library/busybox")]
    [InlineData("index.docker.io/a/b:1", "index.docker.io/a/b:1", "docker.io", "docker.io/a/b")]
    [InlineData(
        "a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "docker.io",
        "docker.io/library/a")]
    public void Names_are_understood(string image, string full, string registry, string repository)
    {
        Assert.Equal(full, ImageReference.WithDefaultTag(image));
        Assert.Equal(registry, ImageReference.Registry(image));
        Assert.Equal(repository, ImageReference.Repository(image));
    }

    [Theory]
    [InlineData("", "invalid reference format")]
    [InlineData("some/UPPER:1", "invalid reference format: repository name (some/UPPER) must be lowercase")]
    [InlineData("Upper", "invalid reference format: repository name (library/Upper) must be lowercase")]
    [InlineData("r.io/A/b", "invalid reference format: repository name (A/b) must be lowercase")]
    [InlineData("a:b:c", "invalid reference format")]
    [InlineData("-a", "invalid reference format")]
    [InlineData("a b", "invalid reference format")]
    [InlineData("https://a/b", "invalid reference format")]
    [InlineData(
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "invalid repository name (0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef), cannot specify "
        + "64-byte hexadecimal strings")]
    public void Invalid_names_are_refused_in_upstreams_words(string image, string problem)
    {
        Assert.Null(ImageReference.WithDefaultTag(image));
        Assert.Equal(problem, ImageReference.Problem(image));
    }

    [Theory]
    [InlineData(255, null)]
    [InlineData(256, "repository name must not be more than 255 characters")]
    public void Names_are_bounded(int characters, string? problem) =>
        Assert.Equal(problem, ImageReference.Problem("r.io/" + new string('a', characters) + ":1"));

    [Fact]
    public void Images_go_only_above_the_high_mark_oldest_first_and_never_in_use()
    {
        CollectableImage[] images =
        [
            new("new", 50, Now - TimeSpan.FromMinutes(1), Now - TimeSpan.FromMinutes(1), false, false),
            new("used", 50, Now - TimeSpan.FromDays(9), Now, true, false),
            new("pinned", 50, Now - TimeSpan.FromDays(9), Now - TimeSpan.FromDays(9), false, true),
            new("older", 40, Now - TimeSpan.FromDays(9), Now - TimeSpan.FromDays(5), false, false),
            new("newer", 40, Now - TimeSpan.FromDays(9), Now - TimeSpan.FromDays(4), false, false),
        ];

        var rules = new HousekeepingOptions();
        var patient = rules with { ImageMaximumAge = TimeSpan.FromHours(108) };

        Assert.Empty(ImageGcPlanner.Compute(images, Disk(160), rules, Now));
        Assert.Equal(["older", "newer"], ImageGcPlanner.Compute(images, Disk(150), rules, Now).Select(i => i.Id));
        Assert.Equal(["older"], ImageGcPlanner.Old(images, patient, Now).Select(i => i.Id));
        Assert.Empty(ImageGcPlanner.Old(images, rules, Now));

        static FileSystemUsage Disk(long available) => new(1000, available, 100, 100);
    }

    [Theory]
    [InlineData(0, 0, 0, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem")]
    [InlineData(1000, 160, 0, null, null)]
    [InlineData(1000, 2000, 0, null, null)]
    [InlineData(1000, 150, 50, null, null)]
    [InlineData(
        1000, 150, 49, "FreeDiskSpaceFailed",
        "Failed to garbage collect required amount of images. Attempted to free 50 bytes, but only found 49 bytes "
        + "eligible to free.")]
    public void What_is_wrong_with_the_disk_is_told_in_upstreams_words(
        long capacity, long available, long freed, string? reason, string? message)
    {
        var problem = ImageGcPlanner.Problem(
            new FileSystemUsage(capacity, available, 100, 100), new HousekeepingOptions(), freed);

        Assert.Equal((reason, message), (problem?.Reason, problem?.Message));
    }

    /// <summary>Upstream reckons what is in use in whole percents; what it frees, in bytes.</summary>
    [Theory]
    [InlineData(1000, 149, 51)]
    [InlineData(1000, 150, 50)]
    [InlineData(1000, 159, 41)]
    [InlineData(1000, 160, null)]
    [InlineData(999, 150, 49)]
    [InlineData(0, 0, null)]
    public void A_disk_is_full_from_the_high_mark_in_whole_percents_on(long capacity, long available, int? wanted)
    {
        var (disk, rules) = (new FileSystemUsage(capacity, available, 100, 100), new HousekeepingOptions());
        var old = Now - TimeSpan.FromDays(1);
        var small = Enumerable.Range(0, 60).Select(i => new CollectableImage($"{i}", 1, old, old, false, false));

        Assert.Equal(wanted ?? 0, ImageGcPlanner.Compute([.. small], disk, rules, Now).Count);
        if (capacity > 0)
        {
            Assert.Equal(wanted is not null, ImageGcPlanner.Problem(disk, rules, (wanted ?? 0) - 1) is not null);
            Assert.Null(ImageGcPlanner.Problem(disk, rules, wanted ?? 0));
        }
    }

    /// <summary>Upstream goes on to the next ones; what is missing then is told.</summary>
    [Fact]
    public async Task An_image_that_cannot_be_removed_keeps_no_other()
    {
        var old = Now - TimeSpan.FromDays(1);
        CollectableImage[] images =
            [.. new[] { "b", "c", "d", "e" }.Select(id => new CollectableImage(id, 40, old, old, false, false))];
        var removed = new List<string>();
        var (disk, rules) = (new FileSystemUsage(1000, 150, 100, 100), new HousekeepingOptions());

        var removal = await ImageRemoval.RunAsync(
            images, some => ImageGcPlanner.Compute(some, disk, rules, Now),
            image =>
            {
                removed.Add(image.Id);
                return Task.FromResult(image.Id == "b" ? "it is in use" : null);
            });

        Assert.Equal(["b", "c", "d"], removed); // b gives nothing, and so d goes too; e may stay
        Assert.Equal(80, removal.FreedBytes);
        Assert.Equal(
            "wanted to free 50 bytes, but freed 80 bytes space with errors in image deletion: it is in use",
            ImageGcPlanner.Problem(disk, rules, removal));
        Assert.Equal(
            "wanted to free images older than 36h0m0s, encountered errors in image deletion: it is in use",
            ImageGcPlanner.AgeProblem(rules with { ImageMaximumAge = TimeSpan.FromHours(36) }, removal.Problem!));
    }

    [Fact]
    public void An_archive_is_an_OCI_layout_and_always_the_same()
    {
        byte[] Make()
        {
            using var buffer = new MemoryStream();
            OciArchive.Write(
                buffer, new ImageDescription { Reference = "x.io/y:1", Command = ["sh"] },
                [new ImageFile { Path = "etc" }, BusyboxImage.Text("etc/x", "hello"), new ImageFile { Path = "l", LinkTarget = "etc/x" }]);
            return buffer.ToArray();
        }

        var archive = Make();
        using var tar = new TarReader(new MemoryStream(archive));
        var names = new List<string>();
        while (tar.GetNextEntry() is { } entry)
        {
            names.Add(entry.Name);
            if (entry.Name == "index.json")
            {
                Assert.Contains(
                    "x.io/y:1",
                    new StreamReader(entry.DataStream!, Encoding.UTF8).ReadToEnd(),
                    StringComparison.Ordinal);
            }
        }

        Assert.Equal("oci-layout", names[0]);
        Assert.Equal(5, names.Count);
        Assert.Equal(archive, Make());
    }

    [Theory]
    [InlineData("amd64")]
    [InlineData("arm64")]
    public void The_pause_program_is_a_whole_ELF(string architecture)
    {
        var program = PauseImage.Program(architecture);

        Assert.Equal("\u007fELF", Encoding.ASCII.GetString(program[..4]));
        Assert.Equal(program.Length, BitConverter.ToInt32(program, 64 + 32));
        Assert.Throws<PlatformNotSupportedException>(() => PauseImage.Program("vax"));
    }
}
