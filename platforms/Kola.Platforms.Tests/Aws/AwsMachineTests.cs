using Kola.Aws;
using Kola.Machines;

namespace Kola.Platforms.Tests.Aws;

/// <summary>Machines on moto's EC2, where an instance is an entry that is running at once.</summary>
public sealed class AwsMachineTests
{
    private static readonly string[] s_image = ["image of image", "snapshot of image"];
    private AwsPlace _place = null!;

    [SetUp]
    public async Task HaveAPlace() => _place = await AwsPlace.CreateAsync();

    [TearDown]
    public async Task LeaveNothing()
    {
        if (_place is not null)
            await _place.DisposeAsync();
    }

    [Test]
    public async Task A_machine_runs_with_everything_tagged_and_leaves_the_image_alone()
    {
        await using (AwsPlatform platform = await _place.OpenAsync())
        {
            await using (IInstance machine = await platform.StartAsync(_place.Spec("hub"), CancellationToken.None))
            {
                Assert.That(machine.Address, Does.Match(@"^\d+\.\d+\.\d+\.\d+:22$"));
                Assert.That(await _place.LeftAsync(), Is.EquivalentTo(new[] { "instance of the run", "image of image", "snapshot of image", "network interface of the run", "volume of the run", "security group of the run", "key pair of the run" }));
            }

            Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image.Concat(["security group of the run", "key pair of the run"])), "what machines share goes with the platform");
        }

        Assert.That(await _place.LeftAsync(), Is.EquivalentTo(s_image));
    }
}
